"""Looking at an address as a visitor does: name, certificate, answer."""

import asyncio
import socket
import ssl
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx

from bot.adapters.outside_calls import outside_call
from bot.adapters.trust import trusted
from bot.ports.prober import ProbeResult

_MOST_REDIRECTS = 5
_EXPIRED, _WRONG_NAME = 10, 62
_LOOPBACK = "127.0.0.1"


class HttpProber:
    """A new connection for every look, since a kept one would hide a name or certificate that has gone bad.

    Args:
        ca_file: certificates to trust besides the usual ones.
        timeout: for each part of a look; all of it takes three times as long at most. (A part that is cut by httpx
            itself closes its connection; one that is cancelled from outside, while TLS begins, does not.)
    """

    def __init__(
        self, *, ca_file: Path | None = None, timeout: timedelta = timedelta(seconds=10)
    ) -> None:
        self._trust = trusted(ca_file)
        self._timeout = timeout.total_seconds()

    async def probe(self, url: str) -> ProbeResult:
        try:
            async with asyncio.timeout(3 * self._timeout):
                return ProbeResult(problem=await self._problem(httpx.URL(url)))
        except TimeoutError:
            return ProbeResult(problem=f"{url} to answer in time")
        except (httpx.InvalidURL, UnicodeError):
            return ProbeResult(problem=f"a usable address: “{url}” is none")

    async def _problem(self, url: httpx.URL) -> str:
        """What is missing, as the end of "waiting for ..."; empty when nothing is."""
        if url.scheme != "https" or not url.host:
            return f"an https:// address instead of {url}"
        if not await _resolves(url.host):
            return f"the name {url.host} to resolve"
        try:
            return await self._answer(url)
        except httpx.HTTPError as error:
            return _trouble(url, error)

    async def _answer(self, url: httpx.URL) -> str:
        async with httpx.AsyncClient(
            verify=self._trust, timeout=self._timeout, trust_env=not _is_loopback(url.host)
        ) as client:
            here = url
            for _ in range(_MOST_REDIRECTS):
                status, location = await _ask(client, here)
                if status == httpx.codes.OK:
                    return ""
                if not location:
                    return f"{url} to answer 200 (it answers {status})"
                here = here.join(location)
                if (here.host, here.port, here.scheme) != (url.host, url.port, url.scheme):
                    return f"{url} to answer 200 (it redirects to {here.host})"
        return f"{url} to answer 200 (it redirects in circles)"


async def _ask(client: httpx.AsyncClient, url: httpx.URL) -> tuple[int, str]:
    """The status and, of a redirect, its target. The page itself is not read."""
    target, extensions = url, {}
    if _is_loopback(url.host):
        target, extensions = url.copy_with(host=_LOOPBACK), {"sni_hostname": url.host}
    headers = {"Host": url.netloc.decode("ascii"), "User-Agent": "idp-bot"}
    with outside_call("application", "GET") as call:
        async with client.stream("GET", target, headers=headers, extensions=extensions) as response:
            call.answered(response.status_code)
            is_redirect = response.has_redirect_location
            return response.status_code, response.headers["Location"] if is_redirect else ""


def _is_loopback(host: str) -> bool:
    """Names under .localhost are this machine, whatever its resolver thinks (RFC 6761)."""
    return host.lower().rstrip(".").rpartition(".")[2] == "localhost"


async def _resolves(host: str) -> bool:
    if _is_loopback(host):
        return True
    try:
        await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError):
        return False
    return True


def _trouble(url: httpx.URL, error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.TimeoutException):
        return f"{url} to answer in time"
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"a valid certificate for {url.host} ({_certificate_problem(cause)})"
        if isinstance(cause, ssl.SSLError):
            return f"{url.host} to speak TLS"
    if isinstance(error, httpx.ConnectError):
        return f"{url} to accept connections"
    return f"{url} to answer (the connection broke)"


def _certificate_problem(error: ssl.SSLCertVerificationError) -> str:
    match error.verify_code:
        case code if code == _EXPIRED:
            return "the one there has expired"
        case code if code == _WRONG_NAME:
            return "the one there is for another name"
        case _:
            return f"the one there is not trusted: {error.verify_message}"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error:
        yield error
        error = error.__cause__ or error.__context__
