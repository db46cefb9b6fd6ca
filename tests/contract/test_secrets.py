"""Secrets stay where they belong, also where every system answers with what it was asked, headers and all.

Each secret is a word that stands nowhere else. The real bot meets a server that is all systems at once, and refuses
whatever it is asked by repeating it; then everything that the bot has said or kept is searched.
"""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot import app
from bot.cli.console import log_to_stderr
from bot.domain.audit import AuditEntry, EntryKind
from bot.sandbox import serving
from bot.settings import Settings, read_settings
from bot.usecases.diagnose import diagnose
from tests.builders import ADA, a_job
from tests.locked_redis import IN_AN_ADDRESS, PASSWORD, everything_in, locked_redis

CANARIES = {
    "SLACK_BOT_TOKEN": "xoxb-canary-of-slacks-bot",
    "SLACK_SIGNING_SECRET": "canary-of-slacks-signature",
    "GITLAB_TOKEN": "glpat-canary-of-gitlab",
    "GITLAB_WEBHOOK_SECRET": "canary-of-gitlabs-webhooks",
    "BACKSTAGE_TOKEN": "canary-of-backstage",
}
CLUSTER_TOKEN = "canary-of-the-cluster"
EVERY_CANARY = (*CANARIES.values(), PASSWORD, IN_AN_ADDRESS, CLUSTER_TOKEN)
TEMPLATES = Path(__file__).parents[2] / "templates"


class Echo:
    """Every system at once: refuses whatever it is asked, by repeating it in the words of each."""

    def __init__(self) -> None:
        self.status = 500
        self.heard: list[str] = []

    def app(self) -> Starlette:
        every = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]
        return Starlette(routes=[Route("/{path:path}", self._answer, methods=every)])

    async def _answer(self, request: Request) -> Response:
        asked = (await request.body()).decode(errors="replace")
        heard = f"{request.method} {request.url} {dict(request.headers)} {asked}"
        self.heard.append(heard)
        words = {
            "message": heard,
            "error": {"name": heard, "message": heard},
            "kind": "Status",
            "reason": heard,
            "ok": False,
        }
        if request.url.path.startswith("/slack/"):
            words["error"] = heard
        return JSONResponse(words, self.status)


@pytest.fixture(scope="module", name="redis_url")
def _redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with locked_redis(tmp_path_factory.mktemp("valkey")) as url:
        yield url


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    yield
    root.handlers[:], root.level = before
    structlog.reset_defaults()


def environment(url: str, redis_url: str, folder: Path) -> dict[str, str]:
    cluster = {"name": "c", "cluster": {"server": url}}
    user = {"name": "u", "user": {"token": CLUSTER_TOKEN}}
    context = {"name": "x", "context": {"cluster": "c", "user": "u"}}
    kubeconfig = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "x",
        "clusters": [cluster],
        "users": [user],
        "contexts": [context],
    }
    (folder / "kubeconfig").write_text(json.dumps(kubeconfig))
    return {
        **CANARIES,
        "SLACK_API_URL": f"{url}/slack/",
        "GITLAB_URL": url,
        "BACKSTAGE_URL": url,
        "ARGOCD_URL": url,
        "KUBECONFIG": str(folder / "kubeconfig"),
        "REDIS_URL": redis_url,
        "IDP_ENVIRONMENTS": json.dumps([{"name": "development", "domain": "localhost"}]),
        "IDP_TEMPLATES_DIR": str(TEMPLATES),
        "IDP_STATE_DIR": str(folder),
        "IDP_PUBLIC_URL": url,
    }


@pytest.mark.parametrize("form", ["console", "json"])
async def test_no_secret_is_told_or_kept_whatever_the_systems_answer(
    form: Any,
    redis_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    echo = Echo()
    async with serving.served(echo.app(), 0) as port:
        env = environment(f"http://127.0.0.1:{port}", redis_url, tmp_path)
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        log_to_stderr(form)
        told = [
            await _story(echo, status, number) for number, status in enumerate((500, 403, 401, 400))
        ]
    told.append(everything_in(redis_url))
    told.append("".join(capsys.readouterr()))

    heard = "\n".join(echo.heard)
    assert CANARIES["GITLAB_TOKEN"] in heard
    assert CANARIES["BACKSTAGE_TOKEN"] in heard
    assert CLUSTER_TOKEN in heard
    said = "\n".join(told)
    assert "GitLab" in said
    assert [canary for canary in EVERY_CANARY if canary in said] == []


async def _story(echo: Echo, status: int, number: int) -> str:
    """The doctor looks, people ask, and a worker tries; all that comes of it, as text."""
    echo.status = status
    settings = read_settings(Settings)
    async with app.checks(settings) as checkups:
        findings = await diagnose(checkups)
    async with app.opened(settings, listens=False) as bot:
        job = a_job(id=f"job{number}")
        await bot.ports.jobs.create(job)
        for _ in range(2):
            await bot.runner.advance(job.id)
        log = structlog.get_logger()
        for look in (
            bot.ports.git.find_project("idp/x"),
            bot.ports.catalog.find(job.request.owner),
            bot.ports.cluster.namespace_exists("x"),
            bot.ports.directory.whois(ADA.slack_id),
        ):
            try:
                await look
            except Exception as error:
                log.exception("it.broke")
                await bot.ports.audit.record(
                    [
                        AuditEntry(
                            kind=EntryKind.REFUSAL,
                            at=bot.ports.clock(),
                            what="x",
                            detail=str(error),
                        )
                    ]
                )
        lines = [line async for line in bot.ports.audit.lines()]
        stored = await bot.ports.jobs.load(job.id)
    return "\n".join([str(findings), repr(settings), str(stored), *lines])
