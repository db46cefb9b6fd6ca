"""Who sees and does what: roles, visibility, kinds of tokens and their scopes."""

from typing import Any

import gitlab
import httpx
import pytest

from tests.contract.gitlab_world import World, commit, message, world

__all__ = ["world"]

GUEST, REPORTER, DEVELOPER, MAINTAINER = 10, 20, 30, 40


def test_the_anonymous_see_public_projects_only(world: World) -> None:
    public = world.project(visibility="public")
    internal = world.project(visibility="internal")

    with world.http() as http:
        seen = http.get(f"/api/v4/projects/{public.id}")
        hidden = http.get(f"/api/v4/projects/{internal.id}")
        writing = http.post("/api/v4/projects", json={"name": "x"})

    assert seen.status_code == 200
    assert (hidden.status_code, hidden.json()) == (404, {"message": "404 Project Not Found"})
    assert (writing.status_code, writing.json()) == (401, {"message": "401 Unauthorized"})


def test_a_private_project_does_not_exist_for_outsiders(world: World) -> None:
    project = world.project(visibility="private")
    ada = world.client(world.token_of("ada"))

    with pytest.raises(gitlab.GitlabGetError) as hidden:
        ada.projects.get(project.path_with_namespace)

    assert hidden.value.response_code == 404
    assert project.id not in {each.id for each in ada.projects.list(get_all=True)}


def test_a_wrong_token_is_refused_whatever_it_asks(world: World) -> None:
    with world.http("glpat-unknown") as http:
        answer = http.get("/api/v4/projects")

    assert (answer.status_code, answer.json()) == (401, {"message": "401 Unauthorized"})


def test_both_token_headers_are_understood(world: World) -> None:
    token = world.instance.token
    with world.http() as http:
        private = http.get("/api/v4/user", headers={"PRIVATE-TOKEN": token})
        bearer = http.get("/api/v4/user", headers={"Authorization": f"Bearer {token}"})

    assert private.json()["username"] == bearer.json()["username"] == "idp-bot"


def test_a_token_for_reading_does_not_write(world: World) -> None:
    with world.http(world.instance.read_token) as http:
        assert http.get("/api/v4/projects").status_code == 200
        answer = http.post("/api/v4/projects", json={"name": "x"})

    assert answer.status_code == 403
    assert answer.json()["error"] == "insufficient_scope"


def test_a_developer_writes_branches_but_not_the_protected_one(world: World) -> None:
    project = world.project()
    commit(project, README="x")
    ada = world.member(project, "ada", DEVELOPER).projects.get(project.id)

    with pytest.raises(gitlab.GitlabCreateError) as refused:
        commit(ada, NOTES="x")
    ada.branches.create({"branch": "mine", "ref": "main"})
    commit(ada, "mine", NOTES="x")

    assert refused.value.response_code == 403
    assert message(refused) == ("403 Forbidden - You are not allowed to push into this branch")
    assert ada.branches.get("mine").can_push
    assert not ada.branches.get("main").can_push


def test_a_developer_does_not_see_the_variables(world: World) -> None:
    project = world.project()
    project.variables.create({"key": "SECRET", "value": "verysecret"})
    ada = world.member(project, "ada", DEVELOPER).projects.get(project.id)

    with pytest.raises(gitlab.GitlabListError) as refused:
        ada.variables.list(get_all=True)

    assert refused.value.response_code == 403


def test_a_guest_of_a_private_project_does_not_read_its_code(world: World) -> None:
    project = world.project(visibility="private")
    commit(project, README="x")
    bruno = world.member(project, "bruno", GUEST).projects.get(project.id)

    with pytest.raises(gitlab.GitlabGetError) as refused:
        bruno.files.get("README", ref="main")

    assert refused.value.response_code == 403


def test_a_role_in_a_group_reaches_the_projects_inside(world: World) -> None:
    team = world.admin.groups.create(
        {"name": "team", "path": "team", "parent_id": world.group.id, "visibility": "private"}
    )
    project = world.project(namespace_id=team.id, visibility="private")
    bruno_id = world.admin.users.list(username="bruno", get_all=True)[0].id
    team.members.create({"user_id": bruno_id, "access_level": MAINTAINER})
    bruno = world.client(world.token_of("bruno"))

    seen = bruno.projects.get(project.id)
    seen.variables.create({"key": "A", "value": "b"})

    assert seen.permissions["group_access"]["access_level"] == MAINTAINER
    with pytest.raises(gitlab.GitlabCreateError) as again:
        team.members.create({"user_id": bruno_id, "access_level": REPORTER})
    assert (again.value.response_code, message(again)) == (409, "Member already exists")


def test_a_project_token_acts_in_its_project_only_and_is_shown_once(world: World) -> None:
    project, other = world.project(), world.project(visibility="private")
    made = project.access_tokens.create(
        {"name": "ci", "scopes": ["api"], "access_level": MAINTAINER, "expires_at": None}
    )
    bot = world.client(made.token)

    bot.projects.get(project.id).variables.create({"key": "A", "value": "b"})
    bot.auth()

    assert bot.user
    assert bot.user.username.startswith(f"project_{project.id}_bot_")
    assert not hasattr(project.access_tokens.list(get_all=True)[0], "token")
    with pytest.raises(gitlab.GitlabGetError):
        bot.projects.get(other.id)


def test_a_revoked_token_says_so(world: World) -> None:
    project = world.project()
    made = project.access_tokens.create({"name": "ci", "scopes": ["api"], "access_level": 40})
    made.delete()

    with world.http(made.token) as http:
        answer = http.get(f"/api/v4/projects/{project.id}")

    assert answer.status_code == 401
    assert answer.json()["error"] == "invalid_token"
    assert project.access_tokens.list(get_all=True)[0].revoked


def test_a_token_never_lives_longer_than_a_year(world: World) -> None:
    project = world.project()

    with pytest.raises(gitlab.GitlabCreateError):
        project.access_tokens.create(
            {"name": "ci", "scopes": ["api"], "access_level": 40, "expires_at": "2999-01-01"}
        )
    made = project.access_tokens.create({"name": "ci", "scopes": ["api"], "access_level": 40})

    assert made.expires_at


def test_a_deploy_token_is_no_good_on_the_api(world: World) -> None:
    project = world.project(visibility="private")
    made = project.deploytokens.create({"name": "read", "scopes": ["read_repository"]})

    answer = httpx.get(
        f"{world.instance.url}/api/v4/projects/{project.id}",
        headers={"PRIVATE-TOKEN": made.token},
        trust_env=False,
    )

    assert answer.status_code == 401


def test_variables_are_held_to_their_rules(world: World) -> None:
    project = world.project()
    project.variables.create({"key": "TAKEN", "value": "x"})

    def refused(**wish: object) -> Any:
        with pytest.raises(gitlab.GitlabCreateError) as refusal:
            project.variables.create(wish)
        assert refusal.value.response_code == 400
        return message(refusal)

    assert refused(key="TAKEN", value="y") == {"key": ["(TAKEN) has already been taken"]}
    assert refused(key="SHORT", value="1234567", masked=True) == {"value": ["is invalid"]}
    assert refused(key="LINES", value="line one\nline two", masked=True) == {
        "value": ["is invalid"]
    }
    assert refused(key="bad-key", value="x") == {
        "key": ["can contain only letters, digits and '_'."]
    }


def test_variables_of_two_environments_share_a_key(world: World) -> None:
    project = world.project()
    for scope in ("development", "production"):
        project.variables.create({"key": "URL", "value": scope, "environment_scope": scope})

    found = project.variables.get("URL", filter={"environment_scope": "production"})

    assert found.value == "production"
    with pytest.raises(gitlab.GitlabGetError) as unclear:
        project.variables.get("URL")
    assert unclear.value.response_code == 409
