"""Real helm and the API server: install, upgrade, list, roll back, uninstall."""

import json
from pathlib import Path

import pytest

from bot.sandbox import binaries
from tests.contract.cluster_clients import World, a_deployment, needs, seeded, world

__all__ = ["seeded", "world"]

pytestmark = needs(binaries.helm)

CONFIG = """
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}}
data: {greeting: {{ .Values.greeting | quote }}}
"""


@pytest.fixture
def chart(tmp_path: Path) -> str:
    folder = tmp_path / "chart"
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: demo\nversion: 0.1.0\n")
    (folder / "values.yaml").write_text("greeting: hello\n")
    (folder / "templates" / "config.yaml").write_text(CONFIG)
    (folder / "templates" / "web.yaml").write_text(json.dumps(a_deployment()))
    return str(folder)


async def greeting(world: World) -> str:
    config = (await world.http.get("/api/v1/namespaces/n/configmaps/rel")).json()
    return str(config["data"]["greeting"])


async def test_a_release_lives_and_ends(world: World, chart: str) -> None:
    installed = await world.helm(
        "upgrade", "--install", "rel", chart, "-n", "n", "--create-namespace"
    )
    assert installed.code == 0, installed.err
    assert await greeting(world) == "hello"

    upgraded = await world.helm(
        "upgrade", "--install", "rel", chart, "-n", "n", "--set", "greeting=bye"
    )
    assert upgraded.code == 0, upgraded.err
    assert await greeting(world) == "bye"

    listed = json.loads((await world.helm("list", "-A", "-o", "json")).out)
    assert [(each["name"], each["revision"], each["status"]) for each in listed] == [
        ("rel", "2", "deployed")
    ]

    rolled_back = await world.helm("rollback", "rel", "1", "-n", "n")
    assert rolled_back.code == 0, rolled_back.err
    assert await greeting(world) == "hello"

    removed = await world.helm("uninstall", "rel", "-n", "n", "--wait", "--timeout", "20s")
    assert removed.code == 0, removed.err
    assert (await world.http.get("/api/v1/namespaces/n/configmaps/rel")).status_code == 404
    assert (await world.http.get("/api/v1/namespaces/n/secrets")).json()["items"] == []


async def test_an_upgrade_removes_what_the_chart_no_longer_has(world: World, chart: str) -> None:
    await world.helm("install", "rel", chart, "-n", "n", "--create-namespace")
    (Path(chart) / "templates" / "web.yaml").unlink()

    upgraded = await world.helm("upgrade", "rel", chart, "-n", "n")

    assert upgraded.code == 0, upgraded.err
    assert (await world.http.get("/apis/apps/v1/namespaces/n/deployments")).json()["items"] == []


async def test_what_the_server_refuses_fails_the_release(world: World, chart: str) -> None:
    (Path(chart) / "templates" / "web.yaml").write_text(
        json.dumps(a_deployment(replicas=-1, selector={}))
    )

    failed = await world.helm("install", "rel", chart, "-n", "n", "--create-namespace")

    assert failed.code == 1
    assert "spec.replicas" in failed.err
