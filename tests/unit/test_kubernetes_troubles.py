"""Why something does not run, in the words that the cluster has for it."""

from typing import Any

import pytest

from bot.adapters.kubernetes_readings import owner_of
from bot.adapters.kubernetes_troubles import troubles


def a_container(**changes: Any) -> dict[str, Any]:
    return {"name": "app", "ready": False, **changes}


def told(container: dict[str, Any]) -> tuple[str, ...]:
    pod = {"status": {"containerStatuses": [container]}}
    return troubles(pods=[pod], deployments=[], routes=[])


@pytest.mark.parametrize(
    "container",
    [
        a_container(ready=True, lastState={"terminated": {"exitCode": 1}}),
        a_container(state={"waiting": {"reason": "ContainerCreating"}}),
        a_container(state={"running": {}}),
        a_container(),
    ],
)
def test_what_runs_or_begins_has_no_trouble(container: dict[str, Any]) -> None:
    assert told(container) == ()


def test_a_container_that_crashes_says_the_same_whether_it_waits_or_was_just_started_again() -> (
    None
):
    ended = {"terminated": {"exitCode": 3, "reason": "Error"}}
    back_off = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s restarting"}}
    again = told(a_container(state={"running": {}}, lastState=ended))
    waits = told(a_container(state=back_off, lastState=ended))
    assert again == waits == ("container app ended and was started again (exit code 3)",)


def test_a_container_that_needs_too_much_memory_says_so() -> None:
    ended = {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}
    assert told(a_container(lastState=ended)) == ("container app: OOMKilled",)


def test_a_pod_that_no_node_takes_says_so() -> None:
    condition = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": "0/3 nodes are available: 3 Insufficient cpu.",
    }
    found = troubles(pods=[{"status": {"conditions": [condition]}}], deployments=[], routes=[])
    assert found == ("pod: Unschedulable: 0/3 nodes are available: 3 Insufficient cpu.",)


def test_replicas_that_fail_alike_are_told_of_once() -> None:
    waits = {"waiting": {"reason": "ErrImagePull", "message": "not found"}}
    pod = {"status": {"containerStatuses": [a_container(state=waits)]}}
    assert len(troubles(pods=[pod, pod], deployments=[], routes=[])) == 1


def test_a_rollout_and_a_route_that_are_refused_say_why() -> None:
    late = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
    good = {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"}
    refused = {"type": "Accepted", "status": "False", "reason": "NotAllowedByListeners"}
    parents = [{"conditions": [refused, {"type": "ResolvedRefs", "status": "True"}]}]
    found = troubles(
        pods=[],
        deployments=[{"metadata": {"name": "web"}, "status": {"conditions": [good, late]}}],
        routes=[{"metadata": {"name": "web"}, "status": {"parents": parents}}],
    )
    assert found == (
        "Deployment web: ProgressDeadlineExceeded",
        "HTTPRoute web: NotAllowedByListeners",
    )


def a_route(namespace: str, created: str, *hosts: str) -> dict[str, Any]:
    metadata = {"namespace": namespace, "creationTimestamp": created}
    return {"metadata": metadata, "spec": {"hostnames": list(hosts)}}


def test_a_host_belongs_to_its_oldest_route() -> None:
    routes = [
        a_route("a-newer", "2026-01-02T00:00:00Z", "hello.example.com"),
        a_route("b-older", "2026-01-01T00:00:00Z", "other.example.com", "Hello.example.com"),
        {"metadata": {"namespace": "c-none", "creationTimestamp": "2025-01-01T00:00:00Z"}},
    ]
    assert owner_of("hello.example.com", routes) == "b-older"
    assert owner_of("nobody.example.com", routes) is None
