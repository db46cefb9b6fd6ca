"""Merge requests: opened, merged, in conflict."""

from pathlib import Path

import gitlab
import pytest
from gitlab.v4.objects import Project, ProjectMergeRequest

from tests.contract.gitlab_world import World, ci, commit, eventually, message, receiver, world

__all__ = ["world"]

DEVELOPER = 30


def prepared(world: World, **settings: object) -> Project:
    """A project with a branch `side` that adds a file."""
    project = world.project(**settings)
    commit(project, README="one\n")
    project.branches.create({"branch": "side", "ref": "main"})
    commit(project, "side", added="x\n")
    return project


def opened(project: Project, **more: object) -> ProjectMergeRequest:
    wish = {"source_branch": "side", "target_branch": "main", "title": "Add a file"}
    made = project.mergerequests.create(wish | more)
    assert isinstance(made, ProjectMergeRequest)
    return made


def test_a_merge_request_is_merged_with_a_commit_of_its_own(world: World) -> None:
    project = prepared(world)
    request = opened(project, remove_source_branch=True)
    assert (request.state, request.detailed_merge_status) == ("opened", "mergeable")

    request.merge()

    again = project.mergerequests.get(request.iid)
    assert again.state == "merged"
    assert again.merged_by["username"] == "idp-bot"
    merge = project.commits.get(again.merge_commit_sha)
    assert len(merge.parent_ids) == 2
    assert merge.message.endswith(f"See merge request {project.path_with_namespace}!{request.iid}")
    assert project.files.raw("added", ref="main") == b"x\n"
    assert [each.name for each in project.branches.list(get_all=True)] == ["main"]


def test_the_same_branches_have_one_open_merge_request(world: World) -> None:
    project = prepared(world)
    first = opened(project)

    with pytest.raises(gitlab.GitlabCreateError) as refused:
        opened(project)

    assert refused.value.response_code == 409
    assert message(refused) == [
        f"Another open merge request already exists for this source branch: !{first.iid}"
    ]


def test_a_conflict_is_told_and_not_merged(world: World) -> None:
    project = prepared(world)
    for branch, text in (("main", "two\n"), ("side", "three\n")):
        project.commits.create(
            {
                "branch": branch,
                "commit_message": "c",
                "actions": [{"action": "update", "file_path": "README", "content": text}],
            }
        )
    request = opened(project)
    before = project.branches.get("main").commit["id"]

    with pytest.raises(gitlab.GitlabMRClosedError) as refused:
        request.merge()

    assert request.has_conflicts
    assert request.detailed_merge_status == "conflict"
    assert refused.value.response_code == 422
    assert project.branches.get("main").commit["id"] == before


def test_a_merge_for_another_commit_is_refused(world: World) -> None:
    project = prepared(world)
    request = opened(project)
    seen = request.sha
    commit(project, "side", later="x")

    with pytest.raises(gitlab.GitlabMRClosedError) as refused:
        request.merge(sha=seen)

    assert refused.value.response_code == 409
    assert project.mergerequests.get(request.iid).sha != seen


def test_squashing_makes_one_commit_of_many(world: World) -> None:
    project = prepared(world)
    commit(project, "side", more="x")
    request = opened(project, squash=True)

    request.merge()

    titles = [each.title for each in project.commits.list(get_all=True)]
    assert titles == ["Merge branch 'side' into 'main'", "Add a file", "Add files"]


def test_a_draft_is_not_merged(world: World) -> None:
    request = opened(prepared(world), title="Draft: Add a file")

    with pytest.raises(gitlab.GitlabMRClosedError) as refused:
        request.merge()

    assert request.draft
    assert refused.value.response_code == 405


def test_a_developer_opens_what_only_a_maintainer_merges(world: World) -> None:
    project = prepared(world)
    ada = world.member(project, "ada", DEVELOPER).projects.get(project.id)
    request = opened(ada, description="Please")

    with pytest.raises(gitlab.GitlabAuthenticationError):
        request.merge()
    ada.mergerequests.get(request.iid).notes.create({"body": "ping"})
    request.state_event = "close"
    request.save()

    again = project.mergerequests.get(request.iid)
    assert (again.state, again.closed_by["username"]) == ("closed", "ada")
    assert [note.body for note in again.notes.list(get_all=True)] == ["ping"]


def test_a_merge_waits_for_its_pipeline(world: World, tmp_path: Path) -> None:
    project = world.project()
    commit(project, README="x")
    go = tmp_path / "go"
    project.branches.create({"branch": "side", "ref": "main"})
    ci(project, f"test:\n  script: while [ ! -e {go} ]; do sleep 0.05; done\n", "side")
    request = opened(project)

    request.merge(auto_merge=True)
    assert project.mergerequests.get(request.iid).merge_when_pipeline_succeeds
    go.touch()

    eventually(lambda: project.mergerequests.get(request.iid).state == "merged")


def test_changes_are_shown_file_by_file(world: World) -> None:
    request = opened(prepared(world))

    changes = request.changes()

    assert isinstance(changes, dict)
    assert [(each["new_path"], each["new_file"]) for each in changes["changes"]] == [
        ("added", True)
    ]
    assert [each.title for each in request.commits()] == ["Add files"]


def test_a_branch_is_put_on_top_of_what_came_meanwhile(world: World) -> None:
    project = prepared(world)
    request = opened(project)
    commit(project, later="y\n")
    tip = project.branches.get("main").commit["id"]

    request.rebase()

    side = project.branches.get("side").commit
    assert side["parent_ids"] == [tip]
    assert (side["title"], project.files.raw("added", ref="side")) == ("Add files", b"x\n")
    again = project.mergerequests.get(request.iid)
    assert (again.sha, again.merge_error) == (side["id"], None)


def test_a_rebase_that_does_not_fit_says_so_and_changes_nothing(world: World) -> None:
    project = prepared(world)
    request = opened(project)
    commit(project, added="mine\n")

    request.rebase()

    again = project.mergerequests.get(request.iid)
    assert again.merge_error.startswith("Rebase failed")
    assert again.sha == request.sha


def test_a_push_to_its_branch_is_told_with_the_revision_before(world: World) -> None:
    project = prepared(world)
    request = opened(project)
    with receiver() as sink:
        project.hooks.create({"url": sink.url, "push_events": False, "merge_requests_events": True})
        commit(project, "side", more="z\n")
        eventually(lambda: sink.of("Merge Request Hook"))
        [told] = sink.of("Merge Request Hook")

    attributes = told["object_attributes"]
    assert (attributes["action"], attributes["oldrev"]) == ("update", request.sha)
    assert attributes["last_commit"]["id"] != request.sha
