"""Webhooks as a receiver gets them."""

import base64
import hashlib
import hmac

import gitlab
import pytest

from tests.contract.gitlab_world import (
    World,
    ci,
    commit,
    eventually,
    finished,
    receiver,
    world,
)

__all__ = ["world"]


def test_a_push_is_told_with_its_commits_and_token(world: World) -> None:
    project = world.project()
    with receiver() as sink:
        project.hooks.create({"url": sink.url, "token": "s3cret"})
        made = commit(project, README="x")
        eventually(lambda: sink.received)
        headers, body, _ = sink.received[0]

    assert headers["x-gitlab-event"] == "Push Hook"
    assert headers["x-gitlab-token"] == "s3cret"
    assert headers["user-agent"].startswith("GitLab/")
    assert headers["idempotency-key"]
    assert (body["object_kind"], body["ref"], body["after"]) == ("push", "refs/heads/main", made.id)
    assert body["before"] == "0" * 40
    assert body["project"]["path_with_namespace"] == project.path_with_namespace
    assert body["commits"][0]["added"] == ["README"]
    assert body["total_commits_count"] == 1


def test_a_pipeline_is_told_from_its_start_to_its_end(world: World) -> None:
    project = world.project()
    with receiver() as sink:
        project.hooks.create(
            {"url": sink.url, "push_events": False, "pipeline_events": True, "job_events": True}
        )
        pipeline = finished(project, ci(project, "test:\n  script: 'true'\n").id)
        eventually(
            lambda: (
                "success"
                in [each["object_attributes"]["status"] for each in sink.of("Pipeline Hook")]
            )
        )
        told = [each["object_attributes"]["status"] for each in sink.of("Pipeline Hook")]
        jobs = sink.of("Job Hook")
        last = sink.of("Pipeline Hook")[-1]

    assert told == ["created", "pending", "running", "success"]
    assert [each["build_status"] for each in jobs] == ["pending", "running", "success"]
    assert {each["object_kind"] for each in jobs} == {"build"}
    assert jobs[0]["commit"]["id"] == pipeline.id
    assert last["object_attributes"]["url"] == pipeline.web_url
    assert last["object_attributes"]["finished_at"].endswith(" UTC")
    assert [build["status"] for build in last["builds"]] == ["success"]
    assert sink.of("Push Hook") == []


def test_a_delivery_that_failed_is_repeated_under_the_same_key(world: World) -> None:
    project = world.project()
    with receiver() as sink:
        sink.status = 500
        hook = project.hooks.create({"url": sink.url})
        commit(project, README="x")
        eventually(lambda: sink.received)
        sink.status = 200
        eventually(lambda: len(sink.received) > 1)
        keys = {headers["idempotency-key"] for headers, _, _ in sink.received}

    assert len(keys) == 1
    assert project.hooks.get(hook.id).alert_status == "executable"


def test_a_hook_that_always_fails_is_left_alone_for_a_while(world: World) -> None:
    project = world.project()
    hook = project.hooks.create({"url": "http://127.0.0.1:9/nobody"})
    for number in range(4):
        commit(project, **{f"f{number}": "x"})

    eventually(lambda: project.hooks.get(hook.id).alert_status == "temporarily_disabled")

    assert project.hooks.get(hook.id).disabled_until
    commit(project, ignored="x")
    with world.http(world.instance.token) as http:
        events = http.get(f"/api/v4/projects/{project.id}/hooks/{hook.id}/events").json()
    assert len(events) == 4
    assert {each["response_status"] for each in events} == {"internal error"}


def test_a_signed_delivery_can_be_checked(world: World) -> None:
    project = world.project()
    secret = base64.b64encode(b"k" * 32).decode()
    with receiver() as sink:
        project.hooks.create({"url": sink.url, "signing_token": f"whsec_{secret}"})
        commit(project, README="x")
        eventually(lambda: sink.received)
        headers, _, raw = sink.received[0]

    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + raw
    expected = base64.b64encode(hmac.new(b"k" * 32, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert headers["webhook-id"] == headers["idempotency-key"]


def test_merge_requests_are_told(world: World) -> None:
    project = world.project()
    commit(project, README="x")
    project.branches.create({"branch": "side", "ref": "main"})
    commit(project, "side", added="x")
    with receiver() as sink:
        project.hooks.create({"url": sink.url, "push_events": False, "merge_requests_events": True})
        request = project.mergerequests.create(
            {"source_branch": "side", "target_branch": "main", "title": "Add"}
        )
        request.merge()
        eventually(lambda: len(sink.received) == 2)
        actions = [each["object_attributes"]["action"] for each in sink.of("Merge Request Hook")]

    assert actions == ["open", "merge"]


def test_a_url_that_is_none_is_refused(world: World) -> None:
    project = world.project()

    with pytest.raises(gitlab.GitlabCreateError) as refused:
        project.hooks.create({"url": "nowhere"})

    assert refused.value.response_code == 422


def test_a_hooks_token_is_never_given_back(world: World) -> None:
    project = world.project()

    made = project.hooks.create({"url": "http://127.0.0.1:9/x", "token": "s3cret"})

    assert "s3cret" not in str(made.attributes)
    assert not hasattr(made, "token")
