"""docs/connecting.md asks for what the bot uses, and for nothing more."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import SecretStr
from starlette.routing import Route

from bot.adapters.kubernetes_check import _readings
from bot.slack.check import SCOPES
from bot.web import routes
from tests.architecture.documents import code_blocks, table_rows, yaml_of
from tests.architecture.repository import text_of
from tests.world import World

CONNECTING = Path("docs/connecting.md")
ARGOCD = "argocd"


def manifests(kind: str) -> list[Any]:
    bodies = [body for block in code_blocks(CONNECTING, "yaml") for body in yaml_of(block)]
    return [body for body in bodies if body.get("kind") == kind]


def granted(kind: str) -> Iterator[tuple[str, str, str, str]]:
    for role in manifests(kind):
        for rule in role["rules"]:
            for group in rule["apiGroups"]:
                for resource in rule["resources"]:
                    for verb in rule["verbs"]:
                        yield verb, group, resource, role["metadata"].get("namespace", "")


def test_the_rights_that_are_asked_for_are_those_that_are_used() -> None:
    used = {
        (each.verb, each.group, each.resource, each.namespaced_in) for each in _readings(ARGOCD)
    }
    assert {*granted("ClusterRole"), *granted("Role")} == used


def test_the_rights_are_bound_to_one_account() -> None:
    bindings = manifests("ClusterRoleBinding") + manifests("RoleBinding")
    assert {body["roleRef"]["name"] for body in bindings} == {"idp-bot"}
    assert {body["roleRef"]["kind"] for body in bindings} == {"ClusterRole", "Role"}
    [account] = {json.dumps(subject) for body in bindings for subject in body["subjects"]}
    assert json.loads(account)["name"] == "idp-bot"


def test_the_scopes_that_are_told_are_those_of_the_app() -> None:
    told = {row[0].strip("`") for row in table_rows(CONNECTING, "scope")}
    assert told == SCOPES


@pytest.mark.parametrize("chart", ["compositions", "user-apps"])
def test_the_values_of_the_root_applications_are_ones_that_the_charts_take(chart: str) -> None:
    [application] = [a for a in manifests("Application") if a["metadata"]["name"] == chart]
    source = application["spec"]["source"]
    assert source["repoURL"].endswith(f"/idp/platform/{chart}.git")
    schema = json.loads(text_of(Path(f"helm/{chart}/values.schema.json")))
    defaults = yaml_of(text_of(Path(f"helm/{chart}/values.yaml")))[0]
    jsonschema.validate({**defaults, **source["helm"]["valuesObject"]}, schema)
    assert set(source["helm"]["valuesObject"]) <= set(defaults)


def test_the_paths_that_are_told_are_those_that_are_served() -> None:
    async def slack(_: Any) -> Any:
        raise AssertionError("nobody calls it here")

    app = routes.build(
        ports=World().ports,
        webhook_secret=SecretStr(""),
        slack=slack,
        is_listening=None,
    )
    told = {row[0].strip("`") for row in table_rows(CONNECTING, "path on `IDP_HTTP_PORT`")}
    assert told == {route.path for route in app.routes if isinstance(route, Route)}
