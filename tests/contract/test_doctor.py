"""The doctor against the platform in a box: well, and with one thing wrong at a time."""

import asyncio
import contextlib
import dataclasses
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from typer.testing import CliRunner

from bot import app
from bot.__main__ import main
from bot.adapters.embedded_valkey import embedded_valkey
from bot.cli import platform
from bot.ports.finding import Finding
from bot.sandbox import box, slack
from bot.sandbox.cluster import api
from bot.settings import PlatformSettings, Settings
from bot.slack.check import SCOPES
from bot.usecases.diagnose import diagnose
from tests.plain_http import NO_CERTIFICATES

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROOT = Path(__file__).parents[2]
IN_SLACK = dataclasses.replace(slack.IDP_BOT, scopes=tuple(SCOPES))
PARTS = ("gitlab", "cluster", "catalog")
BINDING = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/idp-bot"
SECONDS = 30

Wrong = dict[tuple[str, str], Finding]


@dataclass(frozen=True)
class World:
    """All parts of the platform, and the variables with which the bot finds them."""

    opened: box.Box
    environment: Mapping[str, str]

    async def findings(self, **changes: str) -> tuple[Finding, ...]:
        """What is found with some of the variables changed; an empty one is left out."""
        given = _given({**self.environment, **changes})
        async with app.checks(Settings(**given)) as checkups:
            return await diagnose(checkups)

    async def wrong(self, **changes: str) -> Wrong:
        """The same, without what is well."""
        found = await self.findings(**changes)
        return {(f.system, f.check): f for f in found if f.verdict != "ok"}

    async def gitlab(self, method: str, place: str, /, **body: Any) -> Any:
        """Change GitLab as its administrator."""
        headers = {"Authorization": f"Bearer {self.environment['GITLAB_TOKEN']}"}
        url = f"{self.environment['GITLAB_URL']}/api/v4{place}"
        async with httpx.AsyncClient(headers=headers, verify=NO_CERTIFICATES) as client:
            answer = await client.request(method, url, json=body)
        answer.raise_for_status()
        return answer.json()

    async def token_of(self, username: str) -> str:
        """A token of somebody who is not an administrator."""
        user = (await self.gitlab("GET", f"/users?username={username}"))[0]
        place = f"/users/{user['id']}/personal_access_tokens"
        made = await self.gitlab("POST", place, name="doctor", scopes=["api"])
        return str(made["token"])


def _given(environment: Mapping[str, str]) -> dict[str, Any]:
    """The variables as arguments, read from nowhere else."""
    given: dict[str, Any] = {k.lower(): value for k, value in environment.items() if value}
    given["idp_environments"] = json.loads(given["idp_environments"])
    return given | {"_env_file": None}


async def _seed(environment: Mapping[str, str]) -> None:
    known = {name.lower() for name in environment} & set(PlatformSettings.model_fields)
    given = {k: value for k, value in _given(environment).items() if k in {*known, "_env_file"}}
    settings = PlatformSettings(**given, idp_templates_dir=ROOT / "templates")
    await platform._bootstrap(settings, ROOT / "catalog", ROOT / "helm")


def _workspace(folder: Path) -> contextlib.AbstractAsyncContextManager[slack.SlackWorkspace]:
    return slack.serve(port=0, state_dir=folder, people=(), app=IN_SLACK)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """The whole box, once Crossplane serves what the shipped compositions define."""
    folder, company = tmp_path_factory.mktemp("box"), ROOT / "catalog"
    async with (
        _workspace(folder / "slack") as workspace,
        embedded_valkey(folder) as redis_url,
        box.opened(parts=PARTS, first_port=0, folder=folder, company=company, seed=_seed) as opened,
    ):
        opened.slack = workspace
        own = {"REDIS_URL": redis_url, "IDP_TEMPLATES_DIR": str(ROOT / "templates")}
        made = World(opened, opened.environment() | own)
        async with asyncio.timeout(SECONDS):
            while await made.wrong():  # noqa: ASYNC110 - the cluster comes round to it
                await asyncio.sleep(0.1)
        yield made


async def test_all_is_well_with_a_platform_that_was_bootstrapped(
    world: World, tmp_path: Path
) -> None:
    env = {**world.environment, "REDIS_URL": "", "IDP_STATE_DIR": str(tmp_path)}
    result = await asyncio.to_thread(CliRunner().invoke, main, ["doctor"], env=env)
    assert result.exit_code == 0, result.output
    assert result.stdout.rstrip().endswith("All is well.")
    for system in ("Slack", "GitLab", "Backstage", "Kubernetes", "Argo CD", "Redis", "Templates"):
        assert f"│ {system}" in result.stdout


@pytest.mark.parametrize(
    ("variable", "wrong"),
    [
        ("SLACK_BOT_TOKEN", {("Slack", "bot token")}),
        ("SLACK_APP_TOKEN", {("Slack", "app token")}),
        ("GITLAB_TOKEN", {("GitLab", "token"), ("Teams", "groups")}),
        ("BACKSTAGE_TOKEN", {("Backstage", "token"), ("Teams", "groups")}),
    ],
)
async def test_a_wrong_token_is_told_by_the_name_of_its_variable(
    world: World, variable: str, wrong: set[tuple[str, str]]
) -> None:
    start = {"SLACK_BOT_TOKEN": "xoxb-", "SLACK_APP_TOKEN": "xapp-"}.get(variable, "")
    found = await world.wrong(**{variable: f"{start}a-wrong-one"})
    assert set(found) == wrong
    assert variable in found[min(wrong)].fix
    assert "a-wrong-one" not in str(found)


async def test_a_cluster_that_refuses_the_bot_is_told(world: World, tmp_path: Path) -> None:
    assert world.opened.cluster
    config = json.loads(world.opened.cluster.kubeconfig.read_text())
    config["users"][0]["user"]["token"] = "a-wrong-one"
    (tmp_path / "kubeconfig").write_text(json.dumps(config))
    found = await world.wrong(KUBECONFIG=str(tmp_path / "kubeconfig"))
    assert set(found) == {("Kubernetes", "credentials")}


async def test_a_kubeconfig_that_is_not_there_is_told(world: World, tmp_path: Path) -> None:
    found = await world.wrong(KUBECONFIG=str(tmp_path / "nothing"))
    assert set(found) == {("Kubernetes", "reachable")}
    assert "KUBECONFIG" in found["Kubernetes", "reachable"].fix


async def test_a_gitlab_token_that_may_only_read_is_told(world: World) -> None:
    assert world.opened.gitlab
    found = await world.wrong(GITLAB_TOKEN=world.opened.gitlab.read_token)
    assert set(found) == {("GitLab", "token")}
    assert "lacks the scope api" in found["GitLab", "token"].detail


async def test_a_user_without_a_role_in_the_platforms_group_is_told(world: World) -> None:
    found = await world.wrong(GITLAB_TOKEN=await world.token_of("ada"))
    assert found["GitLab", "group"].verdict == "failed"
    assert "ada has no role in idp" in found["GitLab", "group"].detail


async def test_a_platform_that_was_not_bootstrapped_is_told(world: World) -> None:
    found = await world.wrong(GITLAB_GROUP="nowhere")
    assert set(found) == {("GitLab", "group"), ("Teams", "groups")}
    assert "python -m bot bootstrap" in found["GitLab", "group"].fix


async def test_missing_projects_and_groups_are_named(world: World) -> None:
    await world.gitlab("POST", "/groups", name="half", path="half", visibility="public")
    findings = await world.findings(GITLAB_GROUP="half")
    failed = [finding.detail for finding in findings if finding.verdict == "failed"]
    assert failed == [
        "There is no project half/platform/catalog.",
        "There is no project half/platform/templates.",
        "There is no project half/platform/user-apps.",
        "There is no project half/platform/compositions.",
        "There is no GitLab group below half for payments, platform, storefront.",
    ]


async def test_a_platform_group_that_nobody_knows_is_told(world: World) -> None:
    found = await world.wrong(IDP_PLATFORM_GROUP="group:default/nobody")
    assert set(found) == {("Backstage", "platform group")}


async def test_without_a_backstage_the_catalog_repository_is_read(world: World) -> None:
    findings = await world.findings(BACKSTAGE_URL="", BACKSTAGE_TOKEN="")
    assert {finding.verdict.value for finding in findings} == {"ok"}
    details = {(finding.system, finding.check): finding.detail for finding in findings}
    assert "idp/platform/catalog is read" in details["Catalog", "repository"]
    assert "payments, platform, storefront" in details["Teams", "groups"]


async def test_without_a_backstage_a_catalog_repository_that_is_missing_is_told(
    world: World,
) -> None:
    found = await world.wrong(BACKSTAGE_URL="", BACKSTAGE_TOKEN="", GITLAB_GROUP="nowhere")
    assert "bootstrap" in found["Catalog", "repository"].fix


async def test_an_argo_cd_that_is_not_told_of_pushes_is_a_warning(world: World) -> None:
    found = await world.wrong(ARGOCD_URL="http://127.0.0.1:1")
    assert found["Argo CD", "reachable"].verdict == "failed"
    assert found["GitLab", "webhook"].verdict == "warning"


async def test_a_cluster_without_argo_cds_namespace_is_told(world: World) -> None:
    found = await world.wrong(ARGOCD_NAMESPACE="elsewhere")
    assert set(found) == {("Kubernetes", "Argo CD")}


async def test_missing_kinds_and_rights_are_named(world: World, tmp_path: Path) -> None:
    async with api.serve(port=0, state_dir=tmp_path) as cluster:
        await _take_rights(cluster)
        found = await world.wrong(KUBECONFIG=str(cluster.kubeconfig), KUBE_CONTEXT="idp-bot")
    assert set(found) == {("Kubernetes", "rights"), ("Kubernetes", "applicationenvironments")}
    assert "get applications.argoproj.io" in found["Kubernetes", "rights"].detail
    assert "helm/compositions" in found["Kubernetes", "applicationenvironments"].fix


async def _take_rights(cluster: api.ClusterApi) -> None:
    trust = ssl.create_default_context(cafile=cluster.ca)
    headers = {"Authorization": f"Bearer {cluster.admin_token}"}
    async with httpx.AsyncClient(verify=trust, headers=headers) as admin:
        (await admin.delete(f"{cluster.url}{BINDING}")).raise_for_status()


async def test_a_part_that_stopped_hides_no_other(world: World, tmp_path: Path) -> None:
    async with _workspace(tmp_path) as workspace:
        during = await world.wrong(**_variables_of(workspace))
    after = await world.wrong(**_variables_of(workspace))
    assert during == {}
    assert set(after) == {("Slack", "reachable")}
    assert "SLACK_API_URL" in after["Slack", "reachable"].fix


def _variables_of(workspace: slack.SlackWorkspace) -> dict[str, str]:
    return {
        "SLACK_API_URL": workspace.api_url,
        "SLACK_BOT_TOKEN": workspace.bot_token,
        "SLACK_APP_TOKEN": workspace.app_token,
    }
