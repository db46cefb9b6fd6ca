"""A server of the sandbox stops at once, whatever its clients do."""

import asyncio
import gc
import logging
import ssl
from pathlib import Path

import httpx
import pytest
import trustme
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from bot.sandbox.serving import served
from tests.plain_http import NO_CERTIFICATES


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def certificate(authority: trustme.CA, tmp_path: Path) -> tuple[Path, Path]:
    issued = authority.issue_cert("localhost")
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    issued.cert_chain_pems[0].write_to_path(chain)
    issued.private_key_pem.write_to_path(key)
    return chain, key


@pytest.mark.filterwarnings("error::ResourceWarning")
async def test_a_client_that_fell_silent_in_tls_holds_nothing_up(
    authority: trustme.CA, certificate: tuple[Path, Path], caplog: pytest.LogCaptureFixture
) -> None:
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    async with served(Starlette(), 0, certificate=certificate) as port:
        _, writer = await asyncio.open_connection("localhost", port, ssl=trusting)
        assert isinstance(writer.transport, asyncio.Transport)
        writer.transport.pause_reading()  # it will never see the server's goodbye
        started = asyncio.get_running_loop().time()
    took = asyncio.get_running_loop().time() - started
    writer.transport.abort()
    gc.collect()
    assert took < 0.9
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_a_request_on_its_way_is_answered_before_the_server_stops() -> None:
    arrived = asyncio.Event()

    async def slow(_: Request) -> PlainTextResponse:
        arrived.set()
        await asyncio.sleep(0.5)
        return PlainTextResponse("done")

    async with httpx.AsyncClient(verify=NO_CERTIFICATES) as client:
        async with served(Starlette(routes=[Route("/slow", slow)]), 0) as port:
            asking = asyncio.create_task(client.get(f"http://127.0.0.1:{port}/slow"))
            await arrived.wait()
        assert (await asking).text == "done"
