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
from urllib.parse import urlencode

import httpx

from bot.sandbox.slack.errors import AppSilent

DEADLINE = 3.0
RETRIES = (0.0, 60.0, 300.0)
MAX_SOCKETS = 10

Kind = Literal["slash_commands", "interactive", "events_api"]
Answer = dict[str, Any]
Send = Callable[[str], Awaitable[None]]


class Sockets:
    """The app's open Socket Mode connections; each envelope goes to one of them."""

    def __init__(self) -> None:
        """Start with no connection."""
        self._open: dict[str, Send] = {}
        self._awaited: dict[str, asyncio.Future[Answer]] = {}
        self._turn = itertools.count()

    def __len__(self) -> int:
        """How many connections are open."""
        return len(self._open)

    def add(self, name: str, send: Send) -> None:
        """Use a connection from now on."""
        self._open[name] = send

    def remove(self, name: str) -> None:
        """Use a connection no more."""
        self._open.pop(name, None)

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
        self._client = self._client or httpx.AsyncClient(timeout=DEADLINE)
        response = await self._client.post(self.url, content=body, headers=headers)
        if response.headers.get("x-slack-no-retry") == "1" and kind == "events_api":
            return {}
        response.raise_for_status()
        if response.headers.get("content-type", "").startswith("application/json"):
            answer: Answer = response.json() if response.content else {}
            return answer
        return {"text": response.text} if response.text else {}

    def _signature(self, body: bytes) -> dict[str, str]:
        stamp = str(int(self._clock()))
        base = b"v0:" + stamp.encode() + b":" + body
        digest = hmac.new(self._secret.encode(), base, hashlib.sha256).hexdigest()
        return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}

    async def close(self) -> None:
        """Let go of the connections."""
        if self._client:
            await self._client.aclose()


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
        self.requests = SignedRequests(signing_secret, request_url)
        self._redeliveries: set[asyncio.Task[None]] = set()

    @property
    def is_connected(self) -> bool:
        """Whether there is a way to the app."""
        return bool(len(self.sockets) or self.requests.url)

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
