"""What the bot says when Backstage, or something in its place, refuses."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from bot.adapters.backstage import Backstage
from bot.domain import secrecy
from bot.domain.entities import EntityRef, entity_ref
from bot.domain.errors import PermanentError, TemporaryError
from bot.sandbox import serving

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HELLO = entity_ref("hello", kind="component")
LOCATION = "https://gitlab.example.com/g/hello/-/blob/main/catalog-info.yaml"

Answer = Callable[[Request], Awaitable[Response]]


@contextlib.asynccontextmanager
async def a_backstage(answer: Answer, *, timeout: float = 5.0) -> AsyncIterator[Backstage]:
    methods = ["GET", "POST", "DELETE"]
    app = Starlette(routes=[Route("/{path:path}", answer, methods=methods)])
    async with serving.served(app, 0) as port:
        url = f"http://127.0.0.1:{port}"
        backstage = _client(url, timeout=timeout)
        yield backstage
        await backstage.close()


def _client(url: str, *, timeout: float = 5.0) -> Backstage:
    limit = timedelta(seconds=timeout)
    return Backstage(url, token=SecretStr("secret-token"), clock=lambda: NOW, timeout=limit)


def always(status: int, message: str = "no", **headers: str) -> Answer:
    async def answer(_: Request) -> Response:
        body = {"error": {"name": "Error", "message": message}}
        return JSONResponse(
            body, status, headers={k.replace("_", "-"): v for k, v in headers.items()}
        )

    return answer


@pytest.mark.parametrize("status", [429, 500, 502, 503])
async def test_a_busy_backstage_is_asked_again_later(status: int) -> None:
    async with a_backstage(always(status, Retry_After="7")) as catalog:
        with pytest.raises(TemporaryError) as refused:
            await catalog.find(HELLO)

    assert refused.value.retry_after == timedelta(seconds=7)
    assert str(status) in refused.value.cause


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Sun, 22 Nov 2026 12:00:30 GMT", timedelta(seconds=30)),
        ("Sun, 22 Nov 2026 11:00:00 GMT", timedelta(0)),
        ("999999", timedelta(hours=1)),
        ("soon", None),
    ],
)
async def test_the_wish_to_be_left_alone_is_read_within_reason(
    header: str, expected: timedelta | None
) -> None:
    async with a_backstage(always(429, Retry_After=header)) as catalog:
        with pytest.raises(TemporaryError) as refused:
            await catalog.search("system")

    assert refused.value.retry_after == expected


@pytest.mark.parametrize(
    ("status", "advice"),
    [(401, "BACKSTAGE_TOKEN"), (403, "accessRestrictions"), (404, "BACKSTAGE_URL"), (400, "Mend")],
)
async def test_a_refusal_names_what_to_change_and_never_the_token(status: int, advice: str) -> None:
    async with a_backstage(always(status, "because of reasons")) as catalog:
        with pytest.raises(PermanentError) as refused:
            await catalog.find(HELLO)

    assert advice in refused.value.fix
    assert "secret-token" not in str(refused.value)


async def test_something_else_at_the_address_is_recognised() -> None:
    async def page(_: Request) -> Response:
        return HTMLResponse("<html>Welcome</html>")

    async with a_backstage(page) as catalog:
        with pytest.raises(PermanentError, match="not Backstage's catalog"):
            await catalog.find(HELLO)


async def test_no_answer_in_time_is_a_passing_trouble() -> None:
    async def slow(_: Request) -> Response:
        await asyncio.sleep(0.5)
        return Response()

    async with a_backstage(slow, timeout=0.1) as catalog:
        with pytest.raises(TemporaryError, match="in time"):
            await catalog.find(HELLO)


async def test_nobody_at_the_address_is_a_passing_trouble() -> None:
    async with a_backstage(always(200)) as catalog:
        gone = catalog.page(HELLO).removesuffix("/catalog/default/component/hello")

    catalog = _client(gone)
    with pytest.raises(TemporaryError, match="could not be reached"):
        await catalog.find(HELLO)
    await catalog.close()


async def test_an_address_without_a_scheme_is_a_mistake_in_the_settings() -> None:
    catalog = _client("backstage.example.com")
    with pytest.raises(PermanentError) as refused:
        await catalog.find(HELLO)
    await catalog.close()

    assert "BACKSTAGE_URL" in refused.value.fix


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("x could not be read as y, 404 Not Found", "Commit the file"),
        ("x could not be read as y, 401 Unauthorized", "integrations.gitlab"),
        ("Reading from 'x' is not allowed. You may need to configure an integration", "the host"),
        ("Entity x is not of an allowed kind for that location", "catalog.rules"),
        ("YAML error at url:x", "Mend the file"),
    ],
)
async def test_a_refused_file_comes_with_advice_that_fits(said: str, advice: str) -> None:
    async with a_backstage(always(400, said)) as catalog:
        with pytest.raises(PermanentError) as refused:
            await catalog.register(LOCATION, expects=HELLO)

    assert said in refused.value.cause
    assert advice in refused.value.fix


@pytest.mark.parametrize(
    "trouble",
    [
        "Error: x could not be read as y, 503 Service Unavailable",
        "TypeError: fetch failed",
        "FetchError: request to y failed, reason: connect ECONNREFUSED 127.0.0.1:443",
        "FetchError: request to y failed, reason: socket hang up",
        "Error: Unable to read x, SocketError: other side closed",
        "FetchError: Invalid response body while trying to fetch y: Premature close",
    ],
)
async def test_a_git_host_in_trouble_behind_backstage_is_tried_again(trouble: str) -> None:
    said = f"Unable to read url, {trouble}"
    async with a_backstage(always(400, said)) as catalog:
        with pytest.raises(TemporaryError):
            await catalog.register(LOCATION, expects=HELLO)


async def test_a_backstage_that_knows_no_on_conflict_is_asked_to_refresh() -> None:
    asked: list[str] = []

    async def old(request: Request) -> Response:
        asked.append(f"{request.method} {request.url.path}?{request.url.query}")
        if request.url.path.endswith("/by-refs"):
            return JSONResponse({"items": [None]})
        if request.url.path.endswith("/refresh"):
            return Response()
        if "dryRun" in request.query_params:
            return JSONResponse({"entities": [_document(HELLO)]}, 201)
        return JSONResponse({"error": {"message": "already exists"}}, 409)

    async with a_backstage(old) as catalog:
        await catalog.register(LOCATION, expects=HELLO)

    assert asked[-1] == "POST /api/catalog/refresh?"


async def test_a_system_that_is_not_there_is_a_problem_and_an_api_on_its_way_is_none() -> None:
    relations = [
        {"type": "ownedBy", "targetRef": "group:default/payments"},
        {"type": "partOf", "targetRef": "system:default/gone"},
        {"type": "providesApi", "targetRef": "api:default/on-its-way"},
    ]

    async def answer(request: Request) -> Response:
        refs = (await request.json())["entityRefs"]
        known = {
            str(HELLO): _document(HELLO, relations),
            "group:default/payments": {"kind": "Group"},
        }
        return JSONResponse({"items": [known.get(ref) for ref in refs]})

    async with a_backstage(answer) as catalog:
        found = await catalog.find(HELLO)

    assert found is not None
    assert "system:default/gone" in found.problem
    assert "api:" not in found.problem


async def test_the_catalogs_complaint_about_an_entity_is_passed_on() -> None:
    status = {"items": [{"level": "error", "message": "InputError: bad"}]}

    async def answer(_: Request) -> Response:
        return JSONResponse({"items": [_document(HELLO) | {"status": status}]})

    async with a_backstage(answer) as catalog:
        found = await catalog.find(HELLO)

    assert found is not None
    assert found.problem == "InputError: bad"


class Registered:
    """A Backstage with one location, and what it has read of it."""

    def __init__(self, *brought: dict[str, object], is_read: bool = True) -> None:
        self.brought = list(brought)
        self.is_read = is_read
        self.deleting = 204
        self.deleted: list[str] = []

    async def answer(self, request: Request) -> Response:
        location = {"id": "one", "type": "url", "target": LOCATION}
        path = request.url.path.removeprefix("/api/catalog")
        if request.method == "DELETE":
            self.deleted.append(path)
            return Response(status_code=self.deleting)
        if path.startswith("/locations/by-entity/"):
            missing = {"error": {"name": "NotFoundError", "message": "found no entity"}}
            return JSONResponse(location) if self.is_read else JSONResponse(missing, 404)
        if path == "/entities/by-query":
            return JSONResponse({"items": self.brought, "pageInfo": {}})
        if request.method == "POST":
            return JSONResponse({"entities": self.brought}, 201)
        return JSONResponse([{"data": location}])


def _brought(name: str, *, by: str = LOCATION, kind: str = "Component") -> dict[str, object]:
    annotations = {"backstage.io/managed-by-location": f"url:{by}"}
    metadata = {"name": name, "namespace": "default", "annotations": annotations}
    return {"kind": kind, "metadata": metadata}


GENERATED = _brought("generated-1f", kind="Location")
NESTED = LOCATION.replace("catalog-info", "hello")


@pytest.mark.parametrize("status", [204, 404])
async def test_the_location_of_an_entity_is_deleted_and_may_be_gone_already(status: int) -> None:
    backstage = Registered(GENERATED, _brought("hello"))
    backstage.deleting = status
    async with a_backstage(backstage.answer) as catalog:
        await catalog.unregister(HELLO)

    assert backstage.deleted == ["/locations/one"]


async def test_a_refused_deletion_names_what_to_change() -> None:
    backstage = Registered(GENERATED, _brought("hello"))
    backstage.deleting = 403
    async with a_backstage(backstage.answer) as catalog:
        with pytest.raises(PermanentError) as refused:
            await catalog.unregister(HELLO)

    assert "accessRestrictions" in refused.value.fix


@pytest.mark.parametrize(
    "brought",
    [
        [GENERATED, _brought("hello"), _brought("other")],
        [GENERATED, _brought("hello", by=NESTED)],
        [GENERATED],
        [],
    ],
    ids=["with others", "by a file that it names", "not by it", "nothing known"],
)
@pytest.mark.parametrize("is_read", [True, False])
async def test_a_location_is_deleted_only_if_it_stands_for_the_entity_alone(
    *, brought: list[dict[str, object]], is_read: bool
) -> None:
    backstage = Registered(*brought, is_read=is_read)
    async with a_backstage(backstage.answer) as catalog:
        await catalog.unregister(HELLO)

    assert backstage.deleted == []


@pytest.mark.parametrize(
    ("within", "deleted"),
    [
        ("", ["/locations/one"]),
        ("https://gitlab.example.com/g/hello", ["/locations/one"]),
        ("https://gitlab.example.com/g/hell", []),
    ],
)
async def test_a_location_that_waits_to_be_read_is_told_by_its_file(
    within: str, deleted: list[str]
) -> None:
    backstage = Registered(_brought("hello"), is_read=False)
    async with a_backstage(backstage.answer) as catalog:
        await catalog.unregister(HELLO, within=within)

    assert backstage.deleted == deleted


def _document(ref: EntityRef, relations: list[dict[str, str]] | None = None) -> dict[str, object]:
    metadata = {"name": ref.name, "namespace": "default", "annotations": {}}
    return {"kind": "Component", "metadata": metadata, "relations": relations or []}


async def test_a_connection_that_was_closed_meanwhile_is_no_failure_of_a_question() -> None:
    asked: list[bytes] = []

    async def close_the_first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n"))
        if len(asked) > 1:
            body = b'{"items": [null]}'
            head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
            writer.write(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(close_the_first, "127.0.0.1", 0) as server:
        backstage = _client(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        assert await backstage.find(HELLO) is None
        asked.clear()
        with pytest.raises(TemporaryError):
            await backstage.register(LOCATION, expects=HELLO)
        await backstage.close()

    assert len(asked) == 1, "what is not a question is not repeated"


async def test_a_secret_at_the_edge_of_what_is_kept_of_long_words_is_masked_as_a_whole() -> None:
    token = "canary-of-backstage-at-the-edge-0123456789"
    secrecy.keep(token)

    async with a_backstage(always(400, "y" * 480 + f" Bearer {token}")) as backstage:
        with pytest.raises(PermanentError) as raised:
            await backstage.find(HELLO)

    assert "canary-of-backstage" not in str(raised.value)
