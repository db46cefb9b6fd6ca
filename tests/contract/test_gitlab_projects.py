"""Groups and projects, as python-gitlab and plain HTTP see them."""

from collections.abc import Iterator
from pathlib import Path

import gitlab
import pytest

from tests.contract.gitlab_world import World, commit, message, running, world, world_of

__all__ = ["world"]


def test_the_token_belongs_to_the_administrator(world: World) -> None:
    world.admin.auth()

    assert world.admin.user
    assert world.admin.user.username == "idp-bot"
    assert world.admin.user.is_admin
    assert "api" in world.admin.personal_access_tokens.get("self").scopes


def test_a_token_can_end_itself(world: World) -> None:
    client = world.client(world.token_of("ada"))
    client.personal_access_tokens.delete("self")

    with pytest.raises(gitlab.GitlabAuthenticationError) as refused:
        client.auth()

    assert refused.value.response_code == 401


def test_a_project_is_found_by_its_encoded_path(world: World) -> None:
    made = world.project(description="says hello", topics=["demo"])

    found = world.admin.projects.get(made.path_with_namespace)

    assert found.id == made.id
    assert found.path_with_namespace.startswith("idp/app-")
    assert found.default_branch == "main"
    assert found.empty_repo
    assert found.topics == ["demo"]
    assert found.http_url_to_repo == f"{world.instance.url}/{found.path_with_namespace}.git"
    assert found.permissions["group_access"]["access_level"] == 50


def test_a_taken_path_is_refused_field_by_field(world: World) -> None:
    first = world.project()

    with pytest.raises(gitlab.GitlabCreateError) as refused:
        world.project(name=first.name)

    assert refused.value.response_code == 400
    assert message(refused)["path"] == ["has already been taken"]
    assert message(refused)["name"] == ["has already been taken"]


@pytest.mark.parametrize("path", ["-starts", "ends-", "has space", "a--b", "tree", "x.git", "a/b"])
def test_a_path_that_no_project_may_have_is_refused(world: World, path: str) -> None:
    with pytest.raises(gitlab.GitlabCreateError) as refused:
        world.project(name="good name", path=path)

    assert "path" in message(refused)


def test_a_project_is_never_more_open_than_its_group(world: World) -> None:
    inner = world.admin.groups.create(
        {"name": "closed", "path": "closed", "parent_id": world.group.id, "visibility": "private"}
    )

    with pytest.raises(gitlab.GitlabCreateError) as refused:
        world.project(namespace_id=inner.id, visibility="public")

    assert message(refused) == {"visibility_level": ["public is not allowed in a private group."]}


def test_a_missing_parameter_is_named(world: World) -> None:
    with world.http(world.instance.token) as http:
        answer = http.post("/api/v4/groups", json={"name": "x"})

    assert answer.status_code == 400
    assert answer.json() == {"error": "path is missing"}


def test_a_taken_group_path_is_refused_in_gitlabs_words(world: World) -> None:
    with pytest.raises(gitlab.GitlabCreateError) as refused:
        world.admin.groups.create({"name": "again", "path": "idp"})

    assert message(refused) == ('Failed to save group {:path=>["has already been taken"]}')


def test_a_deleted_project_frees_its_path(world: World) -> None:
    project = world.project(name="short-lived")
    commit(project, README="x")

    with world.http(world.instance.token) as http:
        answer = http.delete(f"/api/v4/projects/{project.id}")

    assert (answer.status_code, answer.json()) == (202, {"message": "202 Accepted"})
    again = world.project(name="short-lived")
    assert again.id != project.id
    assert again.empty_repo


@pytest.fixture
def delayed(world: World) -> Iterator[World]:
    """A GitLab that keeps deleted projects for a week."""
    world.admin.http_put("/application/settings", post_data={"deletion_adjourned_period": 7})
    yield world
    world.admin.http_put("/application/settings", post_data={"deletion_adjourned_period": 0})


def test_only_where_deletion_is_delayed_projects_show_its_date(world: World) -> None:
    assert "marked_for_deletion_on" not in world.project().attributes


def test_a_delayed_deletion_renames_the_project_and_closes_it_until_it_is_restored(
    delayed: World,
) -> None:
    project = delayed.project()
    path = project.path_with_namespace
    assert project.marked_for_deletion_on is None

    project.delete()

    marked = delayed.admin.projects.get(project.id)
    assert marked.marked_for_deletion_on
    assert marked.path_with_namespace == f"{path}-deletion_scheduled-{project.id}"
    with pytest.raises(gitlab.GitlabCreateError) as refused:
        commit(marked, **{"a.txt": "a"})
    assert refused.value.response_code == 403

    marked.restore()

    restored = delayed.admin.projects.get(path)
    assert restored.marked_for_deletion_on is None
    commit(restored, **{"a.txt": "a"})


def test_a_marked_project_goes_at_once_only_under_its_full_name(delayed: World) -> None:
    project = delayed.project()
    with pytest.raises(gitlab.GitlabDeleteError, match="must be marked"):
        project.delete(permanently_remove=True, full_path=project.path_with_namespace)
    project.delete()
    marked = delayed.admin.projects.get(project.id)
    with pytest.raises(gitlab.GitlabDeleteError, match="already marked"):
        marked.delete()
    with pytest.raises(gitlab.GitlabDeleteError, match="incorrect"):
        marked.delete(permanently_remove=True, full_path="idp/other")

    marked.delete(permanently_remove=True, full_path=marked.path_with_namespace)

    with pytest.raises(gitlab.GitlabGetError):
        delayed.admin.projects.get(project.id)


def test_only_administrators_see_and_change_the_instances_settings(world: World) -> None:
    ada = world.client(world.token_of("ada"))
    for refused in (ada.http_get, ada.http_put):
        with pytest.raises(gitlab.GitlabHttpError) as error:
            refused("/application/settings")
        assert error.value.response_code == 403


def test_an_archived_project_takes_no_commits(world: World) -> None:
    project = world.project()
    project.archive()

    with pytest.raises(gitlab.GitlabCreateError) as refused:
        commit(project, README="x")

    assert refused.value.response_code == 403
    project.unarchive()
    commit(project, README="x")


def test_a_renamed_project_answers_at_its_old_path_with_a_redirect(world: World) -> None:
    project = world.project(name="before", path="before")
    project.path = "after"
    project.save()

    with world.http(world.instance.token) as http:
        answer = http.get("/api/v4/projects/idp%2Fbefore")

    assert answer.status_code == 301
    assert answer.headers["location"].endswith(f"/api/v4/projects/{project.id}")


def test_the_projects_of_a_group_come_in_pages_with_subgroups(world: World) -> None:
    parent = world.admin.groups.create(
        {"name": "paged", "path": "paged", "parent_id": world.group.id, "visibility": "public"}
    )
    child = world.admin.groups.create(
        {"name": "child", "path": "child", "parent_id": parent.id, "visibility": "public"}
    )
    for number in range(3):
        world.project(name=f"p{number}", namespace_id=parent.id if number else child.id)

    with world.http(world.instance.read_token) as http:
        url = "/api/v4/groups/idp%2Fpaged/projects?include_subgroups=true&simple=true&per_page=2"
        first = http.get(url)
        second = http.get(first.links["next"]["url"])

    assert len(first.json()) == 2
    assert first.headers["x-next-page"] == "2"
    assert first.headers["x-total"] == "3"
    assert first.headers["x-total-pages"] == "2"
    assert second.headers["x-next-page"] == ""
    assert {p["name"] for p in first.json() + second.json()} == {"p0", "p1", "p2"}
    assert "next" not in second.links


def test_python_gitlab_walks_keyset_pages(world: World) -> None:
    for _ in range(3):
        world.project()

    found = world.admin.projects.list(
        pagination="keyset", order_by="id", sort="asc", per_page=2, get_all=True
    )

    ids = [project.id for project in found]
    assert ids == sorted(ids)
    assert len(ids) == len(world.admin.projects.list(get_all=True))


def test_links_go_to_the_host_that_was_asked(world: World) -> None:
    world.project()
    with world.http(world.instance.token) as http:
        answer = http.get("/api/v4/projects?per_page=1", headers={"host": "gitlab.internal:8080"})

    assert "http://gitlab.internal:8080/api/v4/projects?" in answer.headers["link"]


def test_an_unknown_route_and_a_wrong_method_are_told_apart(world: World) -> None:
    with world.http(world.instance.token) as http:
        assert http.get("/api/v4/nothing").json() == {"error": "404 Not Found"}
        assert http.put("/api/v4/version").status_code == 405


def test_a_stopped_server_keeps_its_state(tmp_path: Path) -> None:
    with running(tmp_path) as first:
        project = world_of(first).project(name="kept")
        commit(project, README="still here")

    with running(tmp_path) as second:
        assert second.token == first.token
        again = world_of(second)
        found = again.admin.projects.get("idp/kept")
        assert found.files.raw("README", ref="main") == b"still here"
        assert again.creations()["projects"] == {"idp/kept": 1}
