"""The platform's charts, rendered with real Helm."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bot.domain.naming import FULL_NAME_LENGTH
from bot.sandbox import binaries
from bot.sandbox.cluster.controllers.argocd import manifests

CHARTS = Path(__file__).parents[2] / "helm"
SCRIPT = CHARTS / "compositions/files/application_environment.py"


@pytest.fixture(scope="session")
def helm() -> Path:
    try:
        return binaries.helm()
    except binaries.BinaryMissing as error:
        pytest.skip(str(error))


def run(helm: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([helm, *arguments], capture_output=True, text=True, check=False)


def rendered(helm: Path, chart: Path, *arguments: str) -> list[dict[str, Any]]:
    done = run(helm, "template", "release", str(chart), "--namespace", "argocd", *arguments)
    assert done.returncode == 0, done.stderr
    return manifests.parse(done.stdout)


def of_kind(found: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [obj for obj in found if obj["kind"] == kind]


def environment(name: str, team: str, **metadata: Any) -> str:
    spec = {
        "team": team,
        "system": "checkout",
        "component": "checkout-hello",
        "environment": "development",
        "source": {"repoURL": "https://gitlab.example.com/x.git", "targetRevision": "main"},
    }
    return json.dumps(
        {
            "apiVersion": "idp.internal/v1alpha1",
            "kind": "ApplicationEnvironment",
            "metadata": {"name": name} | metadata,
            "spec": spec,
        }
    )


@pytest.fixture
def user_apps(tmp_path: Path) -> Path:
    shutil.copytree(CHARTS / "user-apps", tmp_path / "user-apps")
    return tmp_path / "user-apps"


def put(chart: Path, name: str, text: str) -> None:
    (chart / "environments/development" / f"{name}.yaml").write_text(text)


@pytest.mark.parametrize("name", ["compositions", "user-apps"])
def test_the_chart_is_free_of_helms_complaints(helm: Path, name: str) -> None:
    done = run(helm, "lint", "--strict", str(CHARTS / name))

    assert done.returncode == 0, done.stdout


def test_the_composition_ships_the_very_file_that_is_tested(helm: Path) -> None:
    composition = of_kind(rendered(helm, CHARTS / "compositions"), "Composition")[0]

    script = composition["spec"]["pipeline"][0]["input"]["script"]

    assert script.strip() == SCRIPT.read_text().strip()


def test_the_composition_can_be_told_where_argo_cd_is(helm: Path) -> None:
    found = rendered(helm, CHARTS / "compositions", "--set", "argocd.namespace=delivery")

    script = of_kind(found, "Composition")[0]["spec"]["pipeline"][0]["input"]["script"]

    assert 'ARGOCD_NAMESPACE = "delivery"' in script


def test_crossplane_is_allowed_to_make_every_kind_that_is_composed(helm: Path) -> None:
    role = of_kind(rendered(helm, CHARTS / "compositions"), "ClusterRole")[0]
    allowed = {
        (group, resource)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        if {"create", "patch", "delete"} <= set(rule["verbs"])
    }

    assert role["metadata"]["labels"]["rbac.crossplane.io/aggregate-to-crossplane"] == "true"
    # What the script writes as kinds, as resources.
    composed = {
        line.split('"')[3] for line in SCRIPT.read_text().splitlines() if '"kind": "' in line
    }
    assert composed == {"Namespace", "Application"}
    assert allowed == {("", "namespaces"), ("argoproj.io", "applications")}


def test_every_field_of_an_environment_is_bounded(helm: Path) -> None:
    xrd = of_kind(rendered(helm, CHARTS / "compositions"), "CompositeResourceDefinition")[0]
    spec = xrd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    source = spec["properties"].pop("source")
    fields = spec["properties"] | source["properties"]

    assert xrd["spec"]["scope"] == "Cluster"
    assert set(fields) == {
        "team",
        "system",
        "component",
        "environment",
        "repoURL",
        "targetRevision",
    }
    assert all({"pattern", "maxLength", "minLength"} <= set(field) for field in fields.values())


def test_an_environment_may_be_called_as_long_as_the_bot_calls_one(helm: Path) -> None:
    xrd = of_kind(rendered(helm, CHARTS / "compositions"), "CompositeResourceDefinition")[0]
    schema = xrd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]

    assert schema["properties"]["metadata"]["properties"]["name"]["maxLength"] == FULL_NAME_LENGTH


def test_helm_takes_no_longer_name_than_the_bot_does(helm: Path) -> None:
    longest, longer = "a" * FULL_NAME_LENGTH, "a" * (FULL_NAME_LENGTH + 1)

    taken = [run(helm, "template", name, str(CHARTS / "user-apps")) for name in (longest, longer)]

    assert [done.returncode == 0 for done in taken] == [True, False]


def test_the_function_can_come_from_a_mirror_by_digest(helm: Path) -> None:
    digest = "sha256:" + "0" * 64
    values = {
        "function": {
            "repository": "mirror.example.com/function-python",
            "digest": digest,
            "pullSecrets": ["mirror"],
        }
    }

    found = rendered(
        helm, CHARTS / "compositions", "--set-json", f"function={json.dumps(values['function'])}"
    )

    spec = of_kind(found, "Function")[0]["spec"]
    assert spec["package"] == f"mirror.example.com/function-python@{digest}"
    assert spec["packagePullSecrets"] == [{"name": "mirror"}]


def test_no_environment_gives_nothing_at_all(helm: Path, user_apps: Path) -> None:
    assert rendered(helm, user_apps) == []


def test_each_team_gets_one_project_for_its_own_repositories_and_namespaces(
    helm: Path, user_apps: Path
) -> None:
    put(user_apps, "payments-checkout-a", environment("payments-checkout-a", "payments"))
    put(user_apps, "payments-checkout-b", environment("payments-checkout-b", "payments"))
    put(user_apps, "storefront-webshop-c", environment("storefront-webshop-c", "storefront"))

    found = rendered(helm, user_apps, "--set", "gitlabUrl=https://git.example.com")

    projects = {obj["metadata"]["name"]: obj["spec"] for obj in of_kind(found, "AppProject")}
    assert set(projects) == {"payments", "storefront"}
    assert projects["payments"]["sourceRepos"] == ["https://git.example.com/idp/payments/*"]
    assert projects["payments"]["destinations"] == [
        {"server": "https://kubernetes.default.svc", "namespace": "payments-*"}
    ]
    assert projects["payments"]["clusterResourceWhitelist"] == []


def test_what_a_person_wrote_is_never_evaluated(helm: Path, user_apps: Path) -> None:
    hostile = '{{ fail "evaluated" }} {{ .Values }} "quoted" \'single\'\n--- # not a document'
    name = "payments-checkout-a"
    put(user_apps, name, environment(name, "payments", annotations={"description": hostile}))

    found = of_kind(rendered(helm, user_apps), "ApplicationEnvironment")

    assert found[0]["metadata"]["annotations"]["description"] == hostile


def test_only_the_chosen_environment_is_rendered(helm: Path, user_apps: Path) -> None:
    put(user_apps, "payments-checkout-a", environment("payments-checkout-a", "payments"))

    assert rendered(helm, user_apps, "--set", "environment=production") == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            "apiVersion: v1\nkind: Secret\nmetadata: {name: app}\n",
            "is not an ApplicationEnvironment",
        ),
        (environment("another", "payments"), "is named another inside"),
        (environment("app", "payments") + "\n---\nkind: Secret\n", "more than one document"),
        ("a: [", "is not YAML"),
        (environment("app", "payments").replace("development", "production"), "production"),
    ],
)
def test_a_file_with_anything_else_in_it_is_refused(
    helm: Path, user_apps: Path, text: str, why: str
) -> None:
    put(user_apps, "app", text)

    done = run(helm, "template", "release", str(user_apps))

    assert done.returncode != 0
    assert why in done.stderr
