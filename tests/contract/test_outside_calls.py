"""Every adapter's calls are counted, by system and by what was answered."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web
from prometheus_client import REGISTRY
from pydantic import SecretStr
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.backstage import Backstage
from bot.adapters.gitlab import GitLab
from bot.adapters.kubernetes import Kubernetes
from bot.adapters.outside_calls import start_span
from bot.adapters.slack_calls import slack_session
from bot.domain.errors import TemporaryError

SECRET = SecretStr("secret")
Call = Callable[[str, Path], Awaitable[object]]


def clock() -> datetime:
    return datetime.now(UTC)


async def gitlab(url: str, _: Path) -> None:
    git = GitLab(url, token=SECRET, webhook_secret=SECRET, clock=clock)
    try:
        await git.find_project("idp/payments/hello")
    finally:
        await git.close()


async def catalog(url: str, _: Path) -> None:
    backstage = Backstage(url, token=SECRET, clock=clock)
    try:
        await backstage.search("system", "x")
    finally:
        await backstage.close()


async def kubernetes(url: str, folder: Path) -> None:
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(
        f"""
apiVersion: v1
kind: Config
current-context: here
contexts: [{{name: here, context: {{cluster: here, user: bot}}}}]
clusters: [{{name: here, cluster: {{server: "{url}"}}}}]
users: [{{name: bot, user: {{token: secret}}}}]
"""
    )
    cluster = Kubernetes(kubeconfig=kubeconfig)
    try:
        await cluster.find_application("hello")
    finally:
        await cluster.close()


async def slack(url: str, _: Path) -> None:
    async with slack_session() as session:
        client = AsyncWebClient(
            "xoxb-1", base_url=f"{url}/api/", session=session, retry_handlers=[]
        )
        await client.auth_test()


@contextlib.asynccontextmanager
async def unwell() -> AsyncIterator[str]:
    """A system that is out of service, whatever it is asked."""

    async def refuse(_: web.Request) -> web.Response:
        return web.json_response({"ok": False}, status=503)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", refuse)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def counted(system: str, status: str) -> float:
    labels = {"system": system, "status": status}
    return REGISTRY.get_sample_value("idp_outside_calls_total", labels) or 0


@pytest.mark.parametrize("call", [gitlab, catalog, kubernetes, slack])
async def test_a_refusal_is_counted(call: Call, tmp_path: Path) -> None:
    system: str = getattr(call, "__name__", "")
    before = counted(system, "503")

    async with unwell() as url:
        with pytest.raises((TemporaryError, SlackApiError)):
            await call(url, tmp_path)

    assert counted(system, "503") - before == 1


@pytest.mark.parametrize("call", [gitlab, catalog, kubernetes, slack])
async def test_no_answer_is_counted(call: Call, tmp_path: Path) -> None:
    system: str = getattr(call, "__name__", "")
    before = counted(system, "none")
    async with unwell() as url:
        """It goes away, and its port is free."""

    with pytest.raises((TemporaryError, OSError)):
        await call(url, tmp_path)

    assert counted(system, "none") - before >= 1


@pytest.mark.parametrize("call", [gitlab, catalog, kubernetes, slack])
async def test_a_call_knows_in_any_thread_whose_attempt_it_belongs_to(
    call: Call, tmp_path: Path
) -> None:
    drawn: list[str] = []

    def start(name: str) -> contextlib.nullcontext[None]:
        drawn.append(name)
        return contextlib.nullcontext()

    start_span.set(start)
    async with unwell() as url:
        with pytest.raises((TemporaryError, SlackApiError)):
            await call(url, tmp_path)

    [name] = drawn
    assert name.split()[0] == getattr(call, "__name__", "")
    assert "secret" not in name
