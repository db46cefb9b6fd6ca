"""What the doctor finds in systems that answer, but not as they should."""

import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from redis import Redis
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from bot.adapters import (
    argocd_check,
    catalog_check,
    gitlab_check,
    redis_check,
    template_check,
)
from bot.adapters.gitlab import GitLab
from bot.adapters.memory.service_catalog import MemoryCatalog
from bot.domain.entities import EntityRef, entity_ref
from bot.ports.finding import Checkup, Finding, Findings
from bot.ports.service_catalog import Entity
from bot.sandbox.serving import served
from bot.slack import check as slack_check
from bot.slack import form_check
from bot.usecases.diagnose import diagnose
from tests.builders import PLATFORM, group

TODAY = date(2026, 3, 2)
A_TOKEN = {"name": "idp-bot", "scopes": ["api"], "expires_at": None}
A_GROUP = {"id": 7, "full_path": "idp", "web_url": "https://gitlab.example.com/groups/idp"}
TEMPLATE = """\
apiVersion: scaffolder.backstage.io/v1beta3
kind: Template
metadata: {name: NAME}
spec:
  idp: {pipeline: PIPELINE, skeletons: {}}
  parameters: {properties: {name: FIELD}}
"""


async def found(checkup: Checkup) -> dict[str, Finding]:
    """The findings by what they are about."""
    return {finding.check: finding for finding in await diagnose([checkup])}


async def findings_of(findings: Findings) -> dict[str, Finding]:
    return await found(Checkup("Catalog", "GITLAB_URL", findings))


@contextlib.asynccontextmanager
async def answering(answers: Mapping[str, Response]) -> AsyncIterator[str]:
    """A server that gives each path its answer, and nothing else."""

    async def answer(request: Request) -> Response:
        return answers.get(request.url.path, JSONResponse({"message": "404 Not Found"}, 404))

    app = Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])
    async with served(app, 0) as port:
        yield f"http://127.0.0.1:{port}"


async def gitlab_findings(answers: Mapping[str, Any]) -> dict[str, Finding]:
    """What is found in a GitLab with these answers below its API's path."""
    given = {
        f"/api/v4{path}": body if isinstance(body, Response) else JSONResponse(body)
        for path, body in answers.items()
    }
    async with answering(given) as url:
        git = GitLab(
            url,
            token=SecretStr("glpat-x"),
            webhook_secret=SecretStr(""),
            clock=lambda: datetime(2026, 3, 2, tzinfo=UTC),
            timeout=timedelta(seconds=5),
        )
        try:
            return await found(gitlab_check.checkup(git, PLATFORM, today=TODAY))
        finally:
            await git.close()


def a_gitlab(**changes: Any) -> dict[str, Any]:
    """Answers of a GitLab in which the bot's user is a Maintainer of the platform's group."""
    group_ = A_GROUP | changes.pop("group", {})
    return {
        "/personal_access_tokens/self": A_TOKEN | changes.pop("token", {}),
        "/version": {"version": "18.5.0"},
        "/user": {"id": 3, "username": "idp-bot"},
        "/groups/idp": group_,
        "/groups/7/members/all/3": {"access_level": changes.pop("level", 40)},
    }


@pytest.mark.parametrize(
    ("ends", "verdict"), [("2026-03-15", "warning"), ("2026-03-16", "ok"), (None, "ok")]
)
async def test_a_gitlab_token_is_to_be_renewed_two_weeks_before_its_end(
    ends: str | None, verdict: str
) -> None:
    findings = await gitlab_findings(a_gitlab(token={"expires_at": ends}))
    assert findings["token"].verdict == verdict
    assert ends is None or ends in findings["token"].detail


@pytest.mark.parametrize(
    ("changes", "verdict", "words"),
    [
        ({"level": 30}, "failed", "Developer"),
        ({"level": 40}, "warning", "delete or archive"),
        ({"level": 40, "group": {"project_creation_level": "noone"}}, "failed", "Nobody"),
        ({"level": 40, "group": {"subgroup_creation_level": "owner"}}, "warning", "only Owners"),
        ({"level": 50, "group": {"subgroup_creation_level": "owner"}}, "ok", "Owner"),
    ],
)
async def test_the_bots_role_must_let_it_create_and_remove_projects_and_subgroups(
    changes: dict[str, Any], verdict: str, words: str
) -> None:
    findings = await gitlab_findings(a_gitlab(**changes))
    assert findings["group"].verdict == verdict
    assert words in findings["group"].detail


async def test_an_address_that_is_no_gitlab_is_told() -> None:
    findings = await gitlab_findings({"/personal_access_tokens/self": HTMLResponse("<h1>Hi</h1>")})
    assert findings["reachable"].verdict == "failed"
    assert "GITLAB_URL" in findings["reachable"].fix


async def test_webhooks_that_the_bot_may_not_list_are_a_warning() -> None:
    projects = {
        f"/projects/{path}": {
            "id": number,
            "path_with_namespace": path,
            "web_url": "x",
            "http_url_to_repo": "x",
            "default_branch": "main",
            "description": "",
        }
        for number, path in enumerate(
            f"idp/platform/{name}" for name in ("catalog", "templates", "user-apps", "compositions")
        )
    }
    findings = await gitlab_findings(a_gitlab() | projects)
    assert findings["projects"].verdict == "ok"
    assert findings["webhook"].verdict == "warning"


async def slack_findings(answer: dict[str, Any], scopes: str = "") -> dict[str, Finding]:
    response = JSONResponse({"ok": True, **answer}, headers={"X-OAuth-Scopes": scopes})
    async with answering({"/api/auth.test": response}) as url:
        client = AsyncWebClient(token="xoxb-x", base_url=f"{url}/api/")
        return await found(slack_check.checkup(client, app_token=None, platform_channel=""))


async def test_scopes_that_the_app_lacks_are_named() -> None:
    granted = ",".join(slack_check.SCOPES - {"commands", "im:write"})
    findings = await slack_findings({"bot_id": "B1", "user": "idp", "team": "Demo"}, granted)
    assert findings["scopes"].detail == "The app lacks commands, im:write."
    assert "manifest" in findings["scopes"].fix


async def test_a_persons_token_is_no_bot_token() -> None:
    findings = await slack_findings({"user": "ada", "team": "Demo"})
    assert findings["bot token"].verdict == "failed"
    assert "xoxb-" in findings["bot token"].fix


async def test_without_an_app_token_the_signing_secret_is_what_counts() -> None:
    findings = await slack_findings({"bot_id": "B1"}, ",".join(slack_check.SCOPES))
    assert {finding.verdict.value for finding in findings.values()} == {"ok"}
    assert "signing secret" in findings


async def test_a_proxy_in_front_of_slack_is_not_taken_for_slack() -> None:
    async with answering({"/api/auth.test": HTMLResponse("<h1>Sign on</h1>")}) as url:
        client = AsyncWebClient(token="xoxb-x", base_url=f"{url}/api/")
        findings = await found(slack_check.checkup(client, app_token=None, platform_channel=""))
    assert set(findings) == {"reachable"}
    assert findings["reachable"].verdict == "failed"


async def test_argo_cd_behind_a_sign_on_page_is_a_warning() -> None:
    async with answering({"/api/version": HTMLResponse("<h1>Sign on</h1>")}) as url:
        findings = await found(argocd_check.checkup(url))
    assert findings["reachable"].verdict == "warning"


async def test_without_an_address_of_argo_cd_people_miss_its_links() -> None:
    findings = await found(argocd_check.checkup(""))
    assert findings["address"].verdict == "warning"


def redis_at(url: str) -> Checkup:
    return redis_check.checkup(contextlib.nullcontext(url), is_embedded=False)


async def test_a_redis_that_may_lose_jobs_is_a_warning(redis_url: str) -> None:
    with Redis.from_url(redis_url) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        client.config_set("appendonly", "no")
        try:
            findings = await found(redis_at(redis_url))
        finally:
            client.config_set("maxmemory-policy", "noeviction")
    assert findings["reachable"].verdict == "ok"
    assert findings["durability"].verdict == "warning"
    assert "allkeys-lru" in findings["eviction"].detail


async def test_a_redis_that_refuses_the_password_is_told_without_it(redis_url: str) -> None:
    findings = await found(redis_at(redis_url.replace("://", "://somebody:hunter2@")))
    assert findings["reachable"].verdict == "failed"
    assert "password" in findings["reachable"].detail
    assert "hunter2" not in str(findings)


async def test_an_address_of_redis_that_cannot_be_read_is_not_repeated() -> None:
    findings = await found(redis_at("redis://:pass@word:hunter2/0"))
    assert findings["address"].verdict == "failed"
    assert "hunter2" not in str(findings)


def test_a_redis_that_is_too_old_is_refused() -> None:
    server = {"redis_version": "6.0.16", "aof_enabled": 1}
    findings = {
        finding.check: finding for finding in redis_check._judged([server], is_embedded=False)
    }
    assert findings["version"].verdict == "failed"
    assert "6.0.16" in findings["version"].detail


def a_template(
    root: Path, name: str, *, pipeline: str = "new-app", field: object = "{type: string}"
) -> None:
    (root / name).mkdir()
    text = TEMPLATE.replace("NAME", name).replace("PIPELINE", pipeline)
    (root / name / "template.yaml").write_text(text.replace("FIELD", str(field)))


def templates_in(root: Path) -> Checkup:
    return template_check.checkup(root, kinds=("new-app",), form_problem=form_check.problem)


async def test_a_broken_template_hides_no_other(tmp_path: Path) -> None:
    a_template(tmp_path, "good")
    a_template(tmp_path, "broken", field="{type: [")
    findings = await found(templates_in(tmp_path))
    assert findings["good"].verdict == "ok"
    assert findings["broken"].verdict == "failed"
    assert str(tmp_path / "broken" / "template.yaml") in findings["broken"].detail


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"pipeline": "new-ap"}, "new-ap, which is not new-app"),
        ({"field": json.dumps({"type": "object"})}, "Slack cannot show “name” of its form."),
        ({"field": json.dumps({"minLength": "long"})}, "minLength"),
        ({"field": json.dumps({"readOnly": True, "default": "x"})}, "nothing to fill in"),
    ],
)
async def test_a_template_that_nobody_could_fill_in_is_told(
    tmp_path: Path, changes: dict[str, str], words: str
) -> None:
    a_template(tmp_path, "odd", **changes)
    findings = await found(templates_in(tmp_path))
    assert words in findings["odd"].detail
    assert "There is no usable template for new-app." in findings["new-app"].detail


async def test_two_templates_of_one_name_are_told(tmp_path: Path) -> None:
    a_template(tmp_path, "one")
    a_template(tmp_path, "two")
    file = tmp_path / "two" / "template.yaml"
    file.write_text(file.read_text().replace("name: two", "name: one"))
    findings = await found(templates_in(tmp_path))
    assert [findings[name].verdict.value for name in ("one", "two")] == ["ok", "failed"]


async def test_a_folder_of_templates_that_is_not_there_is_told(tmp_path: Path) -> None:
    findings = await found(templates_in(tmp_path / "missing"))
    assert "IDP_TEMPLATES_DIR" in findings["folder"].fix


def an_entity(ref: EntityRef, *groups: EntityRef, problem: str = "") -> Entity:
    return Entity(ref=ref, title=ref.name, groups=frozenset(groups), problem=problem)


@pytest.mark.parametrize(
    ("entities", "check", "words"),
    [
        ((), "platform group", "There is no group:default/platform."),
        ((an_entity(group("platform")),), "users", "nobody could approve"),
        (
            (an_entity(group("platform"), problem="the file is gone"),),
            "platform group",
            "the file is gone",
        ),
    ],
)
async def test_a_catalog_without_the_platforms_people_is_told(
    entities: tuple[Entity, ...], check: str, words: str
) -> None:
    catalog = MemoryCatalog(entities=entities)
    look = catalog_check.findings("Catalog", catalog, platform_group=PLATFORM.platform_group)
    findings = await findings_of(look)
    assert findings[check].verdict == "failed"
    assert words in findings[check].detail


async def test_a_catalog_names_those_who_can_approve() -> None:
    platform = group("platform")
    people = [an_entity(entity_ref(name, kind="user"), platform) for name in ("deniz", "elif")]
    catalog = MemoryCatalog(entities=[an_entity(platform), *people])
    look = catalog_check.findings("Catalog", catalog, platform_group=platform)
    assert (await findings_of(look))["users"].detail == "deniz, elif can approve."


@pytest.mark.parametrize(
    ("answer", "verdict", "words"),
    [
        ({"ok": True, "messages": []}, "ok", "The bot is a member of C0PLATFORM."),
        ({"ok": False, "error": "not_in_channel"}, "ok", "is public"),
        ({"ok": False, "error": "channel_not_found"}, "failed", "no channel C0PLATFORM"),
    ],
)
async def test_the_platform_teams_channel_is_one_in_which_the_bot_can_post(
    answer: dict[str, Any], verdict: str, words: str
) -> None:
    routes = {
        "/api/auth.test": JSONResponse({"ok": True, "bot_id": "B1"}),
        "/api/conversations.history": JSONResponse(answer),
    }
    async with answering(routes) as url:
        client = AsyncWebClient(token="xoxb-x", base_url=f"{url}/api/")
        checkup = slack_check.checkup(client, app_token=None, platform_channel="C0PLATFORM")
        finding = (await found(checkup))["platform channel"]
    assert finding.verdict == verdict
    assert words in finding.detail
    assert ("IDP_PLATFORM_CHANNEL" in finding.fix) is (verdict == "failed")
