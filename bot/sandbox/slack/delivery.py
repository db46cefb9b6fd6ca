"""Bring what people do to the app: through its sockets, or as signed requests to its URL."""

import asyncio
import contextlib
import hashlib
import hmac
import itertools
import json
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode

import httpx

from bot.sandbox.slack.errors import AppSilent, UrlNotVerified

DEADLINE = 3.0
RETRIES = (0.0, 60.0, 300.0)
MAX_SOCKETS = 10
TOKEN = "legacy-verification-token"  # noqa: S105 - superseded by signatures, but still sent

Kind = Literal["slash_commands", "interactive", "events_api"]
Answer = dict[str, Any]
Send = Callable[[str], Awaitable[None]]
Cut = Callable[[], Awaitable[None]]


class Sockets:
    """The app's open Socket Mode connections; each envelope goes to one of them."""

    def __init__(self) -> None:
        """Start with no connection."""
        self._open: dict[str, Send] = {}
        self._cut: dict[str, Cut] = {}
        self._awaited: dict[str, asyncio.Future[Answer]] = {}
        self._turn = itertools.count()

    def __len__(self) -> int:
        """How many connections are open."""
        return len(self._open)

    def add(self, name: str, send: Send, cut: Cut) -> None:
        """Use a connection from now on."""
        self._open[name] = send
        self._cut[name] = cut

    def remove(self, name: str) -> None:
        """Use a connection no more."""
        self._open.pop(name, None)
        self._cut.pop(name, None)

    def acknowledged(self, envelope_id: str, payload: Answer) -> None:
        """Hand an acknowledgement to whoever waits for it; a late one is dropped."""
        awaited = self._awaited.get(envelope_id)
        if awaited and not awaited.done():
            awaited.set_result(payload)

    async def deliver(self, kind: Kind, payload: Answer, retry: tuple[int, str] | None) -> Answer:
        """Send an envelope and wait for its acknowledgement.

        Raises:
            TimeoutError: none came within the deadline.
            OSError: the connection broke.
        """
        envelope_id = secrets.token_hex(16)
        envelope: Answer = {"envelope_id": envelope_id, "type": kind, "payload": payload}
        envelope["accepts_response_payload"] = kind != "events_api"
        if kind == "events_api":
            number, reason = retry or (0, "")
            envelope |= {"retry_attempt": number, "retry_reason": reason}
        names = list(self._open)
        send = self._open[names[next(self._turn) % len(names)]]
        self._awaited[envelope_id] = asyncio.get_running_loop().create_future()
        try:
            await send(json.dumps(envelope))
            return await asyncio.wait_for(self._awaited[envelope_id], DEADLINE)
        finally:
            del self._awaited[envelope_id]

    async def cut(self) -> None:
        """Close every connection without a word."""
        for name, cut in tuple(self._cut.items()):
            self.remove(name)
            with contextlib.suppress(OSError, RuntimeError):
                await cut()

    async def refresh(self) -> int:
        """Ask every client to connect anew, as Slack does every few hours."""
        frame = json.dumps({"type": "disconnect", "reason": "refresh_requested", "debug_info": {}})
        for send in list(self._open.values()):
            with contextlib.suppress(OSError, RuntimeError):
                await send(frame)
        return len(self._open)


class SignedRequests:
    """Delivers by HTTP to the request URL, signed as Slack signs."""

    def __init__(
        self, signing_secret: str, url: str, *, clock: Callable[[], float] = time.time
    ) -> None:
        """Deliver to a URL; an empty one leads nowhere."""
        self.url = url
        self._secret = signing_secret
        self._clock = clock
        self._client: httpx.AsyncClient | None = None  # made when it is first needed

    async def verify(self, url: str) -> None:
        """Ask a URL to repeat a word, as Slack does before it uses one.

        Raises:
            UrlNotVerified: it did not, in time.
        """
        challenge = secrets.token_urlsafe(32)
        asked = {"token": TOKEN, "challenge": challenge, "type": "url_verification"}
        body = json.dumps(asked).encode()
        headers = {"Content-Type": "application/json", **self._signature(body)}
        try:
            response = await self._connected().post(url, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise UrlNotVerified(
                f"Your URL did not answer: {error or type(error).__name__}"
            ) from error
        if not response.is_success:
            raise UrlNotVerified(f"Your URL answered with status {response.status_code}")
        if _repeated(response) != challenge:
            raise UrlNotVerified(
                "Your URL didn't respond with the value of the challenge parameter"
            )

    async def deliver(self, kind: Kind, payload: Answer, retry: tuple[int, str] | None) -> Answer:
        """Send one request; the answer's body is the acknowledgement.

        Raises:
            httpx.TimeoutException: no answer within the deadline.
            httpx.HTTPError: the app could not be reached, or refused.
        """
        body, content_type = _form(kind, payload)
        headers = {"Content-Type": content_type, **self._signature(body)}
        if retry:
            headers |= {"X-Slack-Retry-Num": str(retry[0]), "X-Slack-Retry-Reason": retry[1]}
        response = await self._connected().post(self.url, content=body, headers=headers)
        if response.headers.get("x-slack-no-retry") == "1" and kind == "events_api":
            return {}
        response.raise_for_status()
        if response.headers.get("content-type", "").startswith("application/json"):
            answer: Answer = response.json() if response.content else {}
            return answer
        return {"text": response.text} if response.text else {}

    def _connected(self) -> httpx.AsyncClient:
        self._client = self._client or httpx.AsyncClient(timeout=DEADLINE)
        return self._client

    def _signature(self, body: bytes) -> dict[str, str]:
        stamp = str(int(self._clock()))
        base = b"v0:" + stamp.encode() + b":" + body
        digest = hmac.new(self._secret.encode(), base, hashlib.sha256).hexdigest()
        return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}

    async def close(self) -> None:
        """Let go of the connections."""
        if self._client:
            await self._client.aclose()


def _repeated(response: httpx.Response) -> str:
    """Read the word in any of the three forms in which it may come."""
    with contextlib.suppress(ValueError, AttributeError):
        return str(response.json().get("challenge"))
    return dict(parse_qsl(response.text)).get("challenge") or response.text.strip()


def _form(kind: Kind, payload: Answer) -> tuple[bytes, str]:
    if kind == "events_api":
        return json.dumps(payload).encode(), "application/json"
    fields = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
    return urlencode(fields).encode(), "application/x-www-form-urlencoded"


class Delivery:
    """Chooses the way to the app: a socket while one is open, else the request URL."""

    def __init__(self, signing_secret: str, request_url: str) -> None:
        """Start without a socket."""
        self.sockets = Sockets()
        self.is_down = False
        self.requests = SignedRequests(signing_secret, request_url)
        self._redeliveries: set[asyncio.Task[None]] = set()

    @property
    def is_connected(self) -> bool:
        """Whether there is a way to the app."""
        return not self.is_down and bool(len(self.sockets) or self.requests.url)

    async def ask(
        self, kind: Kind, payload: Answer, *, retry: tuple[int, str] | None = None
    ) -> Answer:
        """Deliver, and wait for the acknowledgement.

        Raises:
            AppSilent: the app is not there, too slow, or answered with an error.
        """
        if not self.is_connected:
            raise AppSilent("dispatch_failed")
        way = self.sockets if len(self.sockets) else self.requests
        try:
            return await way.deliver(kind, payload, retry)
        except (TimeoutError, httpx.TimeoutException):
            raise AppSilent("operation_timeout") from None
        except httpx.HTTPStatusError as error:
            raise AppSilent(f"http_error_{error.response.status_code}") from error
        except (OSError, RuntimeError, ValueError, httpx.HTTPError) as error:
            raise AppSilent("dispatch_failed") from error

    def announce(self, event: Answer) -> None:
        """Deliver an event in the background, and again while nobody acknowledges it."""
        task = asyncio.create_task(self._until_acknowledged(event))
        self._redeliveries.add(task)
        task.add_done_callback(self._redeliveries.discard)

    async def _until_acknowledged(self, event: Answer) -> None:
        retry: tuple[int, str] | None = None
        for number, pause in enumerate((*RETRIES, None), start=1):
            try:
                await self.ask("events_api", event, retry=retry)
            except AppSilent as silence:
                reason = "timeout" if str(silence) == "operation_timeout" else str(silence)
                retry = (number, reason)
            else:
                return
            if pause is None:
                return
            await asyncio.sleep(pause)

    async def close(self) -> None:
        """Give up what is still to be redelivered."""
        for task in self._redeliveries:
            task.cancel()
        await asyncio.gather(*self._redeliveries, return_exceptions=True)
        await self.requests.close()
