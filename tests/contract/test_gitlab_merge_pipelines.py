"""Pipelines of merge requests: which jobs they have, when they run and what they know."""

from typing import Any

import gitlab
import pytest
from gitlab.v4.objects import Project, ProjectMergeRequest

from tests.contract.gitlab_world import (
    Receiver,
    World,
    ci,
    commit,
    eventually,
    finished,
    git,
    receiver,
    world,
)

__all__ = ["world"]

RULES = """
workflow:
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
    - if: $CI_COMMIT_BRANCH && $CI_OPEN_MERGE_REQUESTS
      when: never
    - if: $CI_COMMIT_BRANCH
test:
  script:
    - echo "iid=$CI_MERGE_REQUEST_IID into=$CI_MERGE_REQUEST_TARGET_BRANCH_NAME ref=$CI_COMMIT_REF_NAME branch=${CI_COMMIT_BRANCH:-none}"
docs:
  rules: [{changes: [docs/**/*]}]
  script: 'true'
"""


def requested(world: World, text: str) -> tuple[Project, ProjectMergeRequest]:
    """A project with this configuration, and a merge request of its branch `side`."""
    project = world.project()
    finished(project, ci(project, text).id)
    project.branches.create({"branch": "side", "ref": "main"})
    commit(project, "side", added="x\n")
    wish = {"source_branch": "side", "target_branch": "main", "title": "Add a file"}
    made = project.mergerequests.create(wish)
    assert isinstance(made, ProjectMergeRequest)
    return project, made


def own_pipelines(project: Project) -> list[Any]:
    return list(project.pipelines.list(source="merge_request_event", get_all=True))


def test_a_merge_request_has_a_pipeline_of_its_own(world: World) -> None:
    project, request = requested(world, RULES)

    [run] = own_pipelines(project)
    ended = finished(project, run.id)

    assert (ended.status, ended.ref) == ("success", f"refs/merge-requests/{request.iid}/head")
    [job] = ended.jobs.list(get_all=True)
    trace = project.jobs.get(job.id).trace()
    assert isinstance(trace, bytes)
    assert f"iid={request.iid} into=main ref=side branch=none" in trace.decode()
    again = project.mergerequests.get(request.iid)
    assert again.head_pipeline["id"] == run.id
    assert run.id in [each.id for each in again.pipelines.list(get_all=True)]


def test_a_push_to_its_branch_starts_that_pipeline_and_none_of_the_branch(world: World) -> None:
    project, request = requested(world, RULES)
    before = {each.id for each in project.pipelines.list(get_all=True)}
    with receiver() as told:
        project.hooks.create({"url": told.url, "push_events": False, "pipeline_events": True})
        commit(project, "side", docs__a_DOT_md="# A\n")

        [run] = [each for each in project.pipelines.list(get_all=True) if each.id not in before]
        eventually(lambda: _about(told, run.id))
        body = _about(told, run.id)[0]

    assert run.source == "merge_request_event"
    jobs = finished(project, run.id).jobs.list(get_all=True)
    assert {job.name for job in jobs} == {"test", "docs"}
    assert body["merge_request"]["iid"] == request.iid
    assert body["object_attributes"]["source"] == "merge_request_event"


def _about(told: Receiver, pipeline: int) -> list[dict[str, Any]]:
    """The hooks of one pipeline: an earlier one may end, and tell so, meanwhile."""
    hooks = told.of("Pipeline Hook")
    return [each for each in hooks if each["object_attributes"]["id"] == pipeline]


def test_jobs_without_rules_are_for_branches_alone(world: World) -> None:
    project, request = requested(world, "test:\n  script: 'true'\n")

    assert own_pipelines(project) == []
    with pytest.raises(gitlab.GitlabCreateError) as refused:
        request.pipelines.create()
    assert refused.value.response_code == 400


def test_a_pipeline_of_a_merge_request_is_started_by_hand(world: World) -> None:
    project, request = requested(world, RULES)

    made = request.pipelines.create()

    assert finished(project, made.id).status == "success"
    assert len(own_pipelines(project)) == 2


def test_it_does_not_see_protected_variables_of_an_unprotected_branch(world: World) -> None:
    project, request = requested(world, RULES.replace("iid=", "secret=${SECRET:-none} iid="))
    project.variables.create({"key": "SECRET", "value": "visible", "protected": True})

    run = finished(project, request.pipelines.create().id)

    [job] = run.jobs.list(get_all=True)
    trace = project.jobs.get(job.id).trace()
    assert isinstance(trace, bytes)
    assert "secret=none" in trace.decode()


def test_the_commits_of_a_merge_request_are_fetched_by_its_number(
    world: World, tmp_path: Any
) -> None:
    project, request = requested(world, RULES)
    git("init", "--quiet", ".", cwd=tmp_path)
    url = world.clone_url(project, world.instance.token)

    git("fetch", "--quiet", url, f"merge-requests/{request.iid}/head", cwd=tmp_path)

    assert git("rev-parse", "FETCH_HEAD", cwd=tmp_path).stdout.strip() == request.sha
