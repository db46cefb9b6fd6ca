"""The HTTP routes: is the process alive, is it ready, its metrics, GitLab's webhooks, and Slack's requests."""

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel, SecretStr, ValidationError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.domain.errors import TemporaryError
from bot.ports.bundle import Ports
from bot.usecases.note_change import note_change
from bot.web import metrics
from bot.web.body_limit import BodyLimit
from bot.web.request_ids import RequestIds
from bot.web.strangers import noting_strangers

log = structlog.get_logger()

STORE_SECONDS = 3
WRITTEN = "a-write"
Endpoint = Callable[[Request], Awaitable[Response]]


IsListening = Callable[[], Awaitable[bool]]
IsStopping = Callable[[], bool]


def build(
    *,
    ports: Ports,
    webhook_secret: SecretStr,
    slack: Endpoint | None,
    is_listening: IsListening | None,
    is_stopping: IsStopping = lambda: False,
) -> Starlette:
    """The application.

    Args:
        ports: where jobs are found.
        webhook_secret: what GitLab sends along; with an empty one its webhooks are refused.
        slack: answers Slack's own requests where it calls over HTTP.
        is_listening: tells whether Slack is heard on its socket, where this process holds it.
        is_stopping: tells whether the process is on its way out, and should be asked nothing new.
    """
    gitlab = noting_strangers(_gitlab(ports, webhook_secret), what="gitlab-webhook", ports=ports)
    routes = [
        Route("/healthz", _alive),
        Route("/readyz", _readiness(ports, is_listening, is_stopping)),
        Route("/metrics", _metrics(ports)),
        Route("/webhooks/gitlab", gitlab, methods=["POST"]),
    ]
    if slack:
        told = noting_strangers(slack, what="slack-request", ports=ports)
        routes.append(Route("/slack/events", told, methods=["POST"]))
    return Starlette(routes=routes, middleware=[Middleware(RequestIds), Middleware(BodyLimit)])


async def _alive(_: Request) -> Response:
    return JSONResponse({"status": "alive"})


def _metrics(ports: Ports) -> Endpoint:
    async def shown(_: Request) -> Response:
        census = None
        try:
            async with asyncio.timeout(STORE_SECONDS):
                census = await ports.jobs.census(now=ports.clock())
                await _write(ports)
            is_up = True
        except (TemporaryError, TimeoutError):
            is_up = False
        return Response(metrics.page(census, is_up=is_up), media_type=CONTENT_TYPE_LATEST)

    return shown


async def _write(ports: Ports) -> None:
    """Write something that is of no account: a Redis that is full, or a replica, answers and takes nothing.

    Raises:
        TemporaryError: the store cannot be reached, or takes nothing.
    """
    await ports.jobs.is_new(WRITTEN, keep=timedelta(seconds=1))


def _readiness(ports: Ports, is_listening: IsListening | None, is_stopping: IsStopping) -> Endpoint:
    async def ready(_: Request) -> Response:
        if is_stopping():
            return _not_ready("It is stopping.")
        try:
            async with asyncio.timeout(STORE_SECONDS):
                await _write(ports)
        except TemporaryError as error:
            return _not_ready(error.cause)
        except TimeoutError:
            return _not_ready("Redis, where the jobs are kept, does not answer.")
        if is_listening and not await is_listening():
            return _not_ready("Nothing is heard on Slack's socket.")
        return JSONResponse({"status": "ready"})

    return ready


def _not_ready(why: str) -> Response:
    return JSONResponse({"status": "not ready", "why": why}, status_code=503)


def _gitlab(ports: Ports, secret: SecretStr) -> Endpoint:
    """GitLab's webhook only says that something happened; the job looks for itself, so order and repeats do not matter."""

    async def webhook(request: Request) -> Response:
        token = request.headers.get("X-Gitlab-Token", "")
        expected = secret.get_secret_value()
        if not expected or not hmac.compare_digest(token.encode(), expected.encode()):
            return JSONResponse({"error": "X-Gitlab-Token is not the one expected"}, 401)
        project = _project_of(await request.body())
        if not project:
            return JSONResponse({"error": "this is not a GitLab webhook"}, 400)
        noted = await note_change(project, ports=ports)
        log.info("webhook.gitlab", project=project, job=noted)
        return JSONResponse({"job": noted})

    return webhook


class _Project(BaseModel):
    path_with_namespace: str


class _Hook(BaseModel):
    """What the bot reads of a webhook of any kind."""

    project: _Project


def _project_of(body: bytes) -> str:
    try:
        return _Hook.model_validate_json(body).project.path_with_namespace
    except ValidationError:
        return ""
