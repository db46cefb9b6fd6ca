import json

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from app import openapi

pytestmark = pytest.mark.anyio


def test_openapi_json_is_what_the_code_says() -> None:
    committed = json.loads(openapi.FILE.read_text(encoding="utf-8"))
    assert committed == openapi.describe(), "run `python -m app.openapi` and commit openapi.json"


async def test_metrics_count_requests_by_route(client: AsyncClient) -> None:
    await client.get("/api/v1/greetings/Ada")
    text = (await client.get("/metrics")).text
    assert 'route="/api/v1/greetings/{name}",status="200"' in text


async def test_metrics_stay_inside_the_cluster(client: AsyncClient) -> None:
    answer = await client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.7"})
    assert answer.status_code == 404


async def test_a_request_is_logged_as_json_with_its_id(
    capsys: pytest.CaptureFixture[str], client: AsyncClient
) -> None:
    answer = await client.get("/", headers={"X-Request-ID": "abc-123"})
    assert answer.headers["X-Request-ID"] == "abc-123"
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    logged = next(line for line in lines if line["message"] == "request")
    assert (logged["request_id"], logged["path"], logged["status"]) == ("abc-123", "/", 200)


async def test_an_unsound_request_id_is_replaced(client: AsyncClient) -> None:
    answer = await client.get("/", headers={"X-Request-ID": "a b;c"})
    assert answer.headers["X-Request-ID"] != "a b;c"


async def test_an_unexpected_error_tells_the_caller_nothing_but_an_id(
    app: FastAPI, client: AsyncClient
) -> None:
    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError("password=hunter2")

    answer = await client.get("/broken", headers={"X-Request-ID": "abc-123"})
    assert answer.status_code == 500
    assert answer.json() == {"detail": "Internal Server Error", "request_id": "abc-123"}
