"""Commits, files, trees and branches over the API, with GitLab's own words for what it refuses."""

import base64
import io
import tarfile
from typing import Any

import gitlab
import pytest
from gitlab.v4.objects import Project

from tests.contract.gitlab_world import World, commit, message, world

__all__ = ["world"]


def actions(project: Project, *wanted: dict[str, Any], **more: Any) -> Any:
    wish = {"branch": "main", "commit_message": "Change", "actions": list(wanted)}
    return project.commits.create(wish | more)


def refusal(project: Project, *wanted: dict[str, Any], **more: Any) -> Any:
    with pytest.raises(gitlab.GitlabCreateError) as refused:
        actions(project, *wanted, **more)
    assert refused.value.response_code == 400
    return message(refused)


def paths(project: Project, ref: str = "main") -> set[str]:
    entries = project.repository_tree(ref=ref, recursive=True, get_all=True)
    return {entry["path"] for entry in entries if entry["type"] == "blob"}


def test_the_first_commit_makes_the_default_branch_and_protects_it(world: World) -> None:
    project = world.project()

    made = commit(project, README="hello", src__app="code")

    assert made.parent_ids == []
    assert made.stats == {"additions": 2, "deletions": 0, "total": 2}
    assert made.author_name == "idp-bot"
    assert made.web_url == f"{project.web_url}/-/commit/{made.id}"
    branch = project.branches.get("main")
    assert (branch.default, branch.protected, branch.commit["id"]) == (True, True, made.id)
    rule = project.protectedbranches.get("main")
    assert [each["access_level"] for each in rule.push_access_levels] == [40]


def test_one_commit_does_every_kind_of_action(world: World) -> None:
    project = world.project()
    commit(project, keep="k", old="o", gone="g", script="s")

    actions(
        project,
        {"action": "create", "file_path": "new/file", "content": "bmV3", "encoding": "base64"},
        {"action": "update", "file_path": "keep", "content": "kept"},
        {"action": "move", "file_path": "moved/old", "previous_path": "old"},
        {"action": "delete", "file_path": "gone"},
        {"action": "chmod", "file_path": "script", "execute_filemode": True},
    )

    assert paths(project) == {"keep", "moved/old", "new/file", "script"}
    assert project.files.raw("new/file", ref="main") == b"new"
    assert project.files.raw("moved/old", ref="main") == b"o"
    modes = {e["path"]: e["mode"] for e in project.repository_tree(get_all=True)}
    assert modes["script"] == "100755"


def test_a_commit_that_cannot_be_done_whole_does_nothing(world: World) -> None:
    project = world.project()
    first = commit(project, a="1")

    said = refusal(
        project,
        {"action": "create", "file_path": "b", "content": "2"},
        {"action": "update", "file_path": "missing", "content": "3"},
    )

    assert said == "A file with this name doesn't exist"
    assert project.branches.get("main").commit["id"] == first.id


def test_refusals_have_gitlabs_words(world: World) -> None:
    project = world.project()
    commit(project, a="1")
    create_a = {"action": "create", "file_path": "a", "content": "2"}

    assert refusal(project, create_a) == "A file with this name already exists"
    assert refusal(project, {"action": "delete", "file_path": "x"}) == (
        "A file with this name doesn't exist"
    )
    assert refusal(project, create_a, branch="nowhere") == (
        "You can only create or edit files when you are on a branch"
    )
    assert refusal(project, create_a | {"file_path": "../a"}) == (
        "Path cannot include directory traversal"
    )
    project.branches.create({"branch": "side", "ref": "main"})
    assert refusal(project, create_a, branch="side", start_branch="main") == (
        "A branch called 'side' already exists. Switch to that branch in order to make changes"
    )


def test_a_file_that_somebody_else_changed_is_not_overwritten(world: World) -> None:
    project = world.project()
    first = commit(project, shared="1", other="x")
    update = {"action": "update", "file_path": "shared", "content": "2"}
    actions(project, update | {"last_commit_id": first.id})

    said = refusal(project, update | {"content": "3", "last_commit_id": first.id})

    assert said == "The file has changed since you started editing it: shared"
    assert project.files.get("other", ref="main").last_commit_id == first.id


def test_a_branch_starts_where_the_commit_says(world: World) -> None:
    project = world.project()
    first = commit(project, a="1")

    made = actions(
        project,
        {"action": "create", "file_path": "b", "content": "2"},
        branch="feat/x",
        start_branch="main",
        author_name="Ada Okafor",
        author_email="ada@example.com",
    )

    assert made.parent_ids == [first.id]
    assert (made.author_name, made.committer_name) == ("Ada Okafor", "idp-bot")
    assert project.branches.get("feat/x").commit["id"] == made.id
    assert paths(project) == {"a"}
    assert paths(project, "feat/x") == {"a", "b"}


def test_trailers_of_a_commit_are_read(world: World) -> None:
    project = world.project()

    made = actions(
        project,
        {"action": "create", "file_path": "a", "content": "1"},
        commit_message="Add a\n\nBecause.\n\nIdp-Job: 42\nIdp-Step: first",
    )

    assert made.title == "Add a"
    assert made.trailers == {"Idp-Job": "42", "Idp-Step": "first"}


def test_single_files_are_written_and_read(world: World) -> None:
    project = world.project()
    commit(project, README="x")
    where = {"branch": "main", "commit_message": "c"}

    project.files.create({"file_path": "docs/ä b.md", "content": "one"} | where)
    found = project.files.get("docs/ä b.md", ref="main")
    found.content = "two"
    found.save(branch="main", commit_message="c")

    again = project.files.get("docs/ä b.md", ref="main")
    assert base64.b64decode(again.content) == b"two"
    assert again.file_name == "ä b.md"
    again.delete(branch="main", commit_message="c")
    with pytest.raises(gitlab.GitlabGetError) as gone:
        project.files.get("docs/ä b.md", ref="main")
    assert (gone.value.response_code, message(gone)) == (404, "404 File Not Found")


def test_the_tree_comes_in_keyset_pages(world: World) -> None:
    project = world.project()
    commit(project, **{f"d__{number}": "x" for number in range(5)})

    found = project.repository_tree(
        recursive=True, pagination="keyset", per_page=2, order_by="id", get_all=True
    )

    assert [entry["path"] for entry in found] == ["d", *(f"d/{number}" for number in range(5))]


def test_history_is_listed_by_path(world: World) -> None:
    project = world.project()
    commit(project, a="1")
    second = commit(project, b="2")

    found = project.commits.list(query_parameters={"path": "b"}, get_all=True)

    assert [each.id for each in found] == [second.id]
    assert len(project.commits.list(get_all=True)) == 2


def test_two_branches_are_compared(world: World) -> None:
    project = world.project()
    commit(project, a="1\n")
    project.branches.create({"branch": "side", "ref": "main"})
    commit(project, "side", b="2\n")

    found = project.repository_compare("main", "side")

    assert isinstance(found, dict)
    assert [each["title"] for each in found["commits"]] == ["Add files"]
    assert [(d["new_path"], d["new_file"], d["diff"]) for d in found["diffs"]] == [
        ("b", True, "@@ -0,0 +1 @@\n+2\n")
    ]


def test_protected_and_default_branches_are_not_deleted(world: World) -> None:
    project = world.project()
    commit(project, a="1")
    project.branches.create({"branch": "kept", "ref": "main"})
    project.branches.create({"branch": "free", "ref": "main"})
    project.protectedbranches.create({"name": "kept"})

    for name in ("main", "kept"):
        with pytest.raises(gitlab.GitlabDeleteError) as refused:
            project.branches.delete(name)
        assert refused.value.response_code == 405
    project.branches.delete("free")

    assert {each.name for each in project.branches.list(get_all=True)} == {"main", "kept"}
    with pytest.raises(gitlab.GitlabCreateError) as again:
        project.protectedbranches.create({"name": "kept"})
    assert again.value.response_code == 409


def test_tags_stand_at_their_commit(world: World) -> None:
    project = world.project()
    first = commit(project, a="1")

    project.tags.create({"tag_name": "v1", "ref": "main"})
    project.tags.create({"tag_name": "v2", "ref": "main", "message": "Second"})

    assert project.tags.get("v1").target == first.id
    assert project.tags.get("v2").message == "Second"
    assert project.tags.get("v2").commit["id"] == first.id


def test_backstage_reads_a_file_once_and_is_told_when_nothing_changed(world: World) -> None:
    project = world.project()
    commit(project, catalog__info_DOT_yaml="kind: Component\n")
    url = (
        f"/api/v4/projects/{project.path_with_namespace.replace('/', '%2F')}"
        "/repository/files/catalog%2Finfo.yaml"
    )

    with world.http(world.instance.read_token) as http:
        first = http.get(f"{url}/raw?ref=main")
        etag = {"If-None-Match": first.headers["etag"]}
        same = http.get(f"{url}/raw?ref=main", headers=etag)
        head = http.head(f"{url}?ref=main")
        absent = http.head(f"{url.replace('info', 'no')}?ref=main")
        commit(project, other="x")
        untouched = http.get(f"{url}/raw?ref=main", headers=etag)

    assert (first.status_code, first.text) == (200, "kind: Component\n")
    assert (same.status_code, same.content) == (304, b"")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["x-gitlab-file-path"] == "catalog/info.yaml"
    assert absent.status_code == 404
    assert untouched.status_code == 304


def test_backstage_reads_a_branch_with_a_slash(world: World) -> None:
    project = world.project()
    commit(project, a="main")
    actions(
        project,
        {"action": "update", "file_path": "a", "content": "side"},
        branch="feat/x",
        start_branch="main",
    )

    with world.http(world.instance.read_token) as http:
        url = f"/api/v4/projects/{project.id}/repository/files/a/raw?ref=feat%2Fx"
        assert http.get(url).text == "side"


def test_an_archive_has_one_folder_at_its_top(world: World) -> None:
    project = world.project()
    commit(project, docs__a="1", b="2")

    with world.http(world.instance.read_token) as http:
        answer = http.get(f"/api/v4/projects/{project.id}/repository/archive?sha=main&path=docs")

    with tarfile.open(fileobj=io.BytesIO(answer.content), mode="r:gz") as archive:
        names = archive.getnames()
    assert len(names) == 1
    assert names[0].endswith("/docs/a")
    assert names[0].count("/") == 2
