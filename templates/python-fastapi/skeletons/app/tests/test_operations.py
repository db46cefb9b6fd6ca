import json
import logging

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from app import logs, openapi
from app.settings import Settings

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


async def test_a_request_is_logged_with_its_id(
    client: AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.handler.setFormatter(logs.JsonLines())
    with caplog.at_level(logging.INFO, "app.requests"):
        answer = await client.get("/", headers={"X-Request-ID": "abc-123"})
    assert answer.headers["X-Request-ID"] == "abc-123"
    line = json.loads(caplog.text.splitlines()[0])
    assert (line["request_id"], line["path"], line["status"]) == ("abc-123", "/", 200)


def test_logs_are_json_lines_also_those_of_libraries(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(Settings(_env_file=None))
    logging.getLogger("app").info("paid", extra=logs.fields(amount=7))
    logging.getLogger("library").warning("slow: %s", "db")
    own, foreign = map(json.loads, capsys.readouterr().out.splitlines())
    assert (own["message"], own["amount"], own["level"]) == ("paid", 7, "info")
    assert (foreign["message"], foreign["logger"]) == ("slow: db", "library")


async def test_logs_for_eyes_say_which_request_it_was_and_how_it_ended(
    client: AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure(Settings(_env_file=None, log_format="console"))
    await client.get("/nowhere")
    logging.getLogger("library").warning("slow: %s", "100%")
    own, *_, foreign = capsys.readouterr().out.splitlines()
    assert own.startswith("INFO app.requests: request method=GET path=/nowhere status=404")
    assert foreign == "WARNING library: slow: 100%"


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
