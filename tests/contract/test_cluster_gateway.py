"""The gateway's data plane on pods of its own: one that is on its way out is no reason for an error."""

import contextlib
import json
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from bot.adapters.loopback import LOOPBACK, free_port
from bot.sandbox.cluster.controllers.gateway.proxy import Proxy
from bot.sandbox.cluster.controllers.informers import Informers
from bot.sandbox.cluster.controllers.objects import Key, Kind, Object
from bot.web.server import served

HELLO = Key("apps", "hello")
METADATA = {"name": "hello", "namespace": "apps", "creationTimestamp": ""}


def a_pod(port: int) -> Object:
    """Ready as far as the gateway has heard, at a port of this machine."""
    ports = {"sandbox.idp.internal/ports": json.dumps({"8080": port})}
    return {
        "metadata": {"labels": {"app": "hello"}, "annotations": ports},
        "spec": {"containers": [{"ports": [{"containerPort": 8080}]}]},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    }


def a_platform(*pods: Object) -> Informers:
    found: dict[str, dict[Key, Object]] = {
        "HTTPRoute": {
            HELLO: {
                "metadata": METADATA,
                "spec": {
                    "parentRefs": [{"name": "external", "namespace": "gateway"}],
                    "hostnames": ["hello.localhost"],
                    "rules": [{"backendRefs": [{"name": "hello", "port": 80}]}],
                },
            }
        },
        "Service": {
            HELLO: {
                "spec": {"selector": {"app": "hello"}, "ports": [{"port": 80, "targetPort": 8080}]}
            }
        },
        "Pod": {Key("apps", f"hello-{n}"): pod for n, pod in enumerate(pods)},
    }

    def known(kind: Kind) -> Any:
        return SimpleNamespace(objects=found[kind.kind])

    return cast("Informers", SimpleNamespace(known=known))


@contextlib.asynccontextmanager
async def an_application() -> AsyncIterator[int]:
    async def answer(request: Request) -> PlainTextResponse:
        return PlainTextResponse(f"{request.method} is answered")

    port = free_port()
    app = Starlette(routes=[Route("/", answer, methods=["GET", "POST"])])
    async with served(app, port=port, host=LOOPBACK):
        yield port


@contextlib.asynccontextmanager
async def a_visitor(*pods: Object) -> AsyncIterator[httpx.AsyncClient]:
    proxy = Proxy(a_platform(*pods))
    transport = httpx.ASGITransport(proxy.application("https"))
    async with httpx.AsyncClient(transport=transport, base_url="https://hello.localhost") as http:
        yield http
    await proxy.close()


async def test_a_pod_that_has_gone_before_the_gateway_heard_of_it_is_not_noticed() -> None:
    gone = a_pod(free_port())
    async with an_application() as port, a_visitor(gone, a_pod(port)) as visitor:
        answers = [await visitor.get("/") for _ in range(4)]

    assert [(answer.status_code, answer.text) for answer in answers] == [
        (200, "GET is answered")
    ] * 4


async def test_what_may_have_had_an_effect_is_not_asked_of_another_pod() -> None:
    gone = a_pod(free_port())
    async with an_application() as port, a_visitor(gone, a_pod(port)) as visitor:
        answers = [await visitor.post("/", content="once") for _ in range(4)]

    assert sorted(answer.status_code for answer in answers) == [200, 200, 502, 502]


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_where_every_pod_has_gone_that_is_said(method: str) -> None:
    async with a_visitor(a_pod(free_port())) as visitor:
        answer = await visitor.request(method, "/")

    assert answer.status_code == 502
    assert "The application did not answer" in answer.text
