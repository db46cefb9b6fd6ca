"""What the bot may expect of any prober, and what the real one sees on real connections."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from bot.adapters.memory.prober import MemoryProber
from bot.adapters.prober import HttpProber
from bot.ports.prober import Prober

OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
HOST = "hello.localhost"
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Site:
    """Servers on loopback that give one answer each, and the authority that they are certified by."""

    authority: trustme.CA = field(default_factory=trustme.CA)
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    talks: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, answer: str, certificate: trustme.LeafCert | None = None) -> int:
        """Serve over TLS; `{path}` and `{host}` in the answer are what was asked for."""
        trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        (certificate or self.authority.issue_cert(HOST)).configure_cert(trust)

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            writer.write(_filled(answer, head).encode())
            await writer.drain()

        return await self.start(talk, trust)

    async def start(self, talk: Talk, trust: ssl.SSLContext | None = None) -> int:
        """Serve connections in any way, and return the port."""

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.talks.add(asyncio.create_task(_talked(talk, reader, writer)))

        server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=trust)
        await self.stack.enter_async_context(server)
        return int(server.sockets[0].getsockname()[1])


async def _talked(talk: Talk, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(asyncio.IncompleteReadError, OSError):
        await talk(reader, writer)
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


def _filled(answer: str, head: str) -> str:
    fields = dict(line.split(": ", 1) for line in head.splitlines()[1:] if line)
    return answer.replace("{path}", head.split()[1]).replace("{host}", fields["Host"])


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site()
    async with site.stack:
        yield site
        await asyncio.gather(*site.talks)


@pytest.fixture
def prober(site: Site, tmp_path: Path) -> HttpProber:
    ca_file = tmp_path / "ca.pem"
    site.authority.cert_pem.write_to_path(str(ca_file))
    return HttpProber(ca_file=ca_file, timeout=timedelta(seconds=5))


@dataclass
class Subject:
    prober: Prober
    live: Callable[[], Awaitable[str]]
    dead: str = f"https://{HOST}:1"


@pytest.fixture(params=["memory", "http"])
def subject(request: pytest.FixtureRequest, site: Site, prober: HttpProber) -> Subject:
    memory = MemoryProber()

    async def live_in_memory() -> str:
        memory.answers.add(f"https://{HOST}")
        return f"https://{HOST}"

    async def live() -> str:
        return f"https://{HOST}:{await site.serve(OK)}"

    if request.param == "memory":
        return Subject(memory, live_in_memory)
    return Subject(prober, live)


async def test_an_address_that_answers_200_over_trusted_https_is_live(subject: Subject) -> None:
    result = await subject.prober.probe(await subject.live())
    assert result.problem == ""
    assert result.is_live


async def test_an_address_where_nobody_listens_is_not_live(subject: Subject) -> None:
    result = await subject.prober.probe(subject.dead)
    assert result.problem == f"{subject.dead} to accept connections"
    assert not result.is_live


async def test_an_address_without_tls_is_never_live(subject: Subject) -> None:
    result = await subject.prober.probe("http://hello.localhost")
    assert result.problem == "an https:// address instead of http://hello.localhost"


async def test_a_name_that_does_not_resolve_is_said_to_be_missing(prober: HttpProber) -> None:
    result = await prober.probe("https://hello.invalid")
    assert result.problem == "the name hello.invalid to resolve"


@pytest.mark.parametrize("url", ["", "https://", "no address", "https://[", "https://" + "ä" * 300])
async def test_nonsense_is_a_problem_and_no_error(prober: HttpProber, url: str) -> None:
    assert not (await prober.probe(url)).is_live


async def test_the_server_sees_the_name_and_not_the_loopback_address(
    site: Site, prober: HttpProber
) -> None:
    port = await site.serve("HTTP/1.1 302 Found\r\nLocation: https://saw-{host}/\r\n\r\n")
    result = await prober.probe(f"https://{HOST}:{port}")
    assert f"saw-{HOST}" in result.problem


async def test_other_answers_than_200_are_named(site: Site, prober: HttpProber) -> None:
    port = await site.serve("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
    result = await prober.probe(f"https://{HOST}:{port}")
    assert result.problem == f"https://{HOST}:{port} to answer 200 (it answers 503)"


async def test_a_redirect_to_another_host_is_no_answer(site: Site, prober: HttpProber) -> None:
    port = await site.serve("HTTP/1.1 302 Found\r\nLocation: https://login.test/\r\n\r\n")
    result = await prober.probe(f"https://{HOST}:{port}")
    assert result.problem.endswith("to answer 200 (it redirects to login.test)")


async def test_a_redirect_on_the_same_host_is_followed_but_not_in_circles(
    site: Site, prober: HttpProber
) -> None:
    port = await site.serve("HTTP/1.1 302 Found\r\nLocation: {path}x\r\n\r\n")
    result = await prober.probe(f"https://{HOST}:{port}/")
    assert result.problem.endswith("(it redirects in circles)")


async def test_an_untrusted_certificate_is_named(site: Site) -> None:
    port = await site.serve(OK)
    result = await HttpProber().probe(f"https://{HOST}:{port}")
    assert result.problem.startswith(
        f"a valid certificate for {HOST} (the one there is not trusted"
    )


async def test_an_expired_certificate_is_named(site: Site, prober: HttpProber) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    port = await site.serve(OK, site.authority.issue_cert(HOST, not_after=yesterday))
    result = await prober.probe(f"https://{HOST}:{port}")
    assert result.problem == f"a valid certificate for {HOST} (the one there has expired)"


async def test_a_certificate_for_another_name_is_named(site: Site, prober: HttpProber) -> None:
    port = await site.serve(OK, site.authority.issue_cert("other.localhost"))
    result = await prober.probe(f"https://{HOST}:{port}")
    assert result.problem == f"a valid certificate for {HOST} (the one there is for another name)"


async def test_a_server_without_tls_is_named(site: Site, prober: HttpProber) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(OK.encode())
        await reader.read()

    port = await site.start(talk)
    result = await prober.probe(f"https://{HOST}:{port}")
    assert result.problem == f"{HOST} to speak TLS"


async def test_a_server_that_says_nothing_is_left_in_time(site: Site) -> None:
    async def talk(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    port = await site.start(talk)
    result = await HttpProber(timeout=timedelta(seconds=0.2)).probe(f"https://{HOST}:{port}")
    assert result.problem == f"https://{HOST}:{port} to answer in time"


async def test_a_server_that_hangs_up_is_a_problem(site: Site, prober: HttpProber) -> None:
    port = await site.serve("")
    result = await prober.probe(f"https://{HOST}:{port}")
    assert result.problem == f"https://{HOST}:{port} to answer (the connection broke)"
