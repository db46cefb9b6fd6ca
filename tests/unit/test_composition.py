"""The composition of an environment, run as the function runs it: the file's text, then `compose`."""

import types
from pathlib import Path
from typing import Any

import pytest
from crossplane.function import resource, response
from crossplane.function.proto.v1 import run_function_pb2 as fnv1

FILE = Path(__file__).parents[2] / "helm/compositions/files/application_environment.py"
NAME = "payments-checkout-hello"
SPEC = {
    "team": "payments",
    "system": "checkout",
    "component": "checkout-hello",
    "environment": "development",
    "source": {
        "repoURL": "https://gitlab.example.com/idp/payments/checkout-hello-deployment.git",
        "targetRevision": "main",
    },
}
ACTIVE = {"metadata": {"name": NAME}, "status": {"phase": "Active"}}
LIVE = {
    "metadata": {"name": NAME},
    "status": {"health": {"status": "Healthy"}, "sync": {"status": "Synced"}},
}


def composed(**observed: dict[str, Any]) -> fnv1.RunFunctionResponse:
    module: Any = types.ModuleType("composition")
    exec(FILE.read_text(), module.__dict__)  # noqa: S102 - as function-python does
    request = fnv1.RunFunctionRequest()
    resource.update(request.observed.composite, {"metadata": {"name": NAME}, "spec": SPEC})
    for name, obj in observed.items():
        resource.update(request.observed.resources[name], obj)
    answer = response.to(request)
    module.compose(request, answer)
    return answer


def manifest(answer: fnv1.RunFunctionResponse, name: str) -> dict[str, Any]:
    return resource.struct_to_dict(answer.desired.resources[name].resource)


def test_a_new_environment_begins_with_its_namespace() -> None:
    answer = composed()

    assert list(answer.desired.resources) == ["namespace"]
    assert manifest(answer, "namespace")["metadata"]["name"] == NAME
    assert answer.desired.composite.ready == fnv1.READY_FALSE


def test_the_namespace_carries_who_it_belongs_to() -> None:
    assert manifest(composed(), "namespace")["metadata"]["labels"] == {
        "idp.internal/team": "payments",
        "idp.internal/system": "checkout",
        "idp.internal/component": "checkout-hello",
        "idp.internal/environment": "development",
    }


def test_the_application_follows_once_the_namespace_exists() -> None:
    application = manifest(composed(namespace=ACTIVE), "application")

    assert application["metadata"]["namespace"] == "argocd"
    assert application["metadata"]["finalizers"] == ["resources-finalizer.argocd.argoproj.io"]
    assert application["spec"]["project"] == "payments"
    assert application["spec"]["destination"]["namespace"] == NAME
    assert application["spec"]["source"]["repoURL"] == SPEC["source"]["repoURL"]  # type: ignore[index] # a literal above


def test_the_application_stays_when_its_namespace_is_lost() -> None:
    assert "application" in composed(application=LIVE).desired.resources


def test_values_are_read_in_the_order_in_which_they_win() -> None:
    helm = manifest(composed(namespace=ACTIVE), "application")["spec"]["source"]["helm"]

    assert helm["valueFiles"] == [
        "values.yaml",
        "environments/development/values.yaml",
        "environments/development/image.yaml",
    ]
    assert helm["ignoreMissingValueFiles"] is True
    assert helm["releaseName"] == NAME


def test_it_syncs_by_itself_and_goes_on_trying_with_the_newest_revision() -> None:
    policy = manifest(composed(namespace=ACTIVE), "application")["spec"]["syncPolicy"]

    assert policy["automated"] == {"prune": True, "selfHeal": True}
    assert policy["retry"]["limit"] == 10
    assert policy["retry"]["refresh"] is True
    assert policy["retry"]["backoff"] == {"duration": "5s", "factor": 2, "maxDuration": "10m"}


@pytest.mark.parametrize(
    ("health", "sync", "ready"),
    [
        ("Healthy", "Synced", fnv1.READY_TRUE),
        ("Progressing", "Synced", fnv1.READY_FALSE),
        ("Healthy", "OutOfSync", fnv1.READY_FALSE),
        ("Degraded", "Synced", fnv1.READY_FALSE),
    ],
)
def test_it_is_ready_when_the_application_is_synced_and_healthy(
    health: str, sync: str, ready: int
) -> None:
    status = {"health": {"status": health}, "sync": {"status": sync}}
    application = {"metadata": {"name": NAME}, "status": status}

    answer = composed(namespace=ACTIVE, application=application)

    assert answer.desired.resources["application"].ready == ready


def test_the_status_names_only_what_exists() -> None:
    before = resource.struct_to_dict(composed().desired.composite.resource)
    after = composed(namespace=ACTIVE, application=LIVE).desired.composite.resource

    assert before["status"] == {}
    assert resource.struct_to_dict(after)["status"] == {"namespace": NAME, "application": NAME}


def test_a_namespace_that_is_going_is_not_ready() -> None:
    going = {"metadata": {"name": NAME}, "status": {"phase": "Terminating"}}

    answer = composed(namespace=going)

    assert answer.desired.resources["namespace"].ready == fnv1.READY_FALSE
