"""Send what is queued, hook by hook, with retries under the same Idempotency-Key."""

import asyncio
import base64
import contextlib
import functools
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator

import httpx

from bot.sandbox.faults.kinds import (
    DoubledWebhooks,
    DroppedWebhooks,
    ReorderedWebhooks,
    WebhookFault,
)
from bot.sandbox.gitlab.forge import VERSION, Forge
from bot.sandbox.gitlab.model import Delivery, Hook
from bot.sandbox.gitlab.webhooks import queue

TIMEOUT_SECONDS = 10
ATTEMPTS = 3
FIRST_RETRY_SECONDS = 0.25
KEPT_PER_HOOK = 50
_SIGNING_PREFIX = "whsec_"


class Sender:
    """One background task per hook that has something to send."""

    def __init__(self, forge: Forge) -> None:
        self._forge = forge
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._news = asyncio.Event()

    @functools.cached_property
    def _client(self) -> httpx.AsyncClient:
        """Made for the first delivery: reading the system's certificates takes a while."""
        return httpx.AsyncClient(timeout=TIMEOUT_SECONDS, trust_env=False)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Send what is queued, and what gets queued, for as long as the context lasts."""
        self._forge.on_deliveries_ready = self._start
        self._start()
        try:
            yield
        finally:
            self._forge.on_deliveries_ready = lambda: None
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)
            if "_client" in vars(self):
                await self._client.aclose()

    def _start(self) -> None:
        self._news.set()
        waiting = {each.hook_id for each in self._forge.store.deliveries.where(_is_waiting)}
        for hook_id in waiting:
            task = self._tasks.get(hook_id)
            if task is None or task.done():
                self._tasks[hook_id] = asyncio.create_task(self._send_all(hook_id))

    async def _send_all(self, hook_id: int) -> None:
        deliveries = self._forge.store.deliveries
        while waiting := deliveries.first(lambda d: _is_waiting(d) and d.hook_id == hook_id):
            hook = self._forge.store.hooks.get(hook_id)
            if hook is None:
                deliveries.remove_where(lambda d: d.hook_id == hook_id)
                return
            await self._pass_on(hook, waiting)
        _forget_old(self._forge, hook_id)

    async def _pass_on(self, hook: Hook, delivery: Delivery) -> None:
        """Send a delivery, unless faults have something else in mind for it."""
        faults = self._forge.faults

        def fits(fault: WebhookFault) -> bool:
            return _is_meant(fault, hook, delivery)

        if faults.strike(DroppedWebhooks, fits):
            self._forge.store.deliveries.change(delivery.id, done=True, response_status="dropped")
            return
        if overtaken := faults.strike(ReorderedWebhooks, fits):
            later = await self._next_after(delivery, overtaken.seconds)
            if later:
                await self.send(hook, later)
        await self.send(hook, delivery)
        if faults.strike(DoubledWebhooks, fits):
            await self._try(hook, delivery)

    async def _next_after(self, first: Delivery, seconds: float) -> Delivery | None:
        """The next delivery to the same hook, if it is queued in time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while True:
                    later = self._forge.store.deliveries.first(
                        lambda d: _is_waiting(d) and d.hook_id == first.hook_id and d.id > first.id
                    )
                    if later:
                        return later
                    self._news.clear()
                    await self._news.wait()
        return None

    async def send(self, hook: Hook, delivery: Delivery) -> bool:
        """Try a delivery until it arrives or has been tried often enough."""
        for attempt in range(delivery.attempts, ATTEMPTS):
            if attempt:
                await asyncio.sleep(FIRST_RETRY_SECONDS * 2 ** (attempt - 1))
            delivery = await self._try(hook, delivery)
            if delivery.done:
                queue.note_success(self._forge, self._forge.store.hooks[hook.id])
                return True
        self._forge.store.deliveries.change(delivery.id, done=True)
        queue.note_failure(self._forge, self._forge.store.hooks[hook.id])
        return False

    async def _try(self, hook: Hook, delivery: Delivery) -> Delivery:
        started = time.monotonic()
        body = json.dumps(delivery.body).encode()
        headers = _headers(self._forge, hook, delivery, body)
        try:
            response = await self._client.post(hook.url, content=body, headers=headers)
            status, text = str(response.status_code), response.text[:1000]
        except httpx.HTTPError as error:
            status, text = "internal error", str(error) or type(error).__name__
        return self._forge.store.deliveries.change(
            delivery.id,
            attempts=delivery.attempts + 1,
            done=status.startswith("2"),
            response_status=status,
            response_body=text,
            duration=round(time.monotonic() - started, 3),
        )


def _is_waiting(delivery: Delivery) -> bool:
    return not delivery.done


def _is_meant(fault: WebhookFault, hook: Hook, delivery: Delivery) -> bool:
    if fault.event not in {None, delivery.trigger}:
        return False
    return fault.url is None or bool(fault.url.search(hook.url))


def _forget_old(forge: Forge, hook_id: int) -> None:
    old = forge.store.deliveries.where(lambda each: each.hook_id == hook_id)[:-KEPT_PER_HOOK]
    for delivery in old:
        forge.store.deliveries.remove(delivery.id)


def _headers(forge: Forge, hook: Hook, delivery: Delivery, body: bytes) -> dict[str, str]:
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"GitLab/{VERSION}",
        "X-Gitlab-Event": delivery.event,
        "X-Gitlab-Instance": forge.url,
        "X-Gitlab-Webhook-UUID": hook.uuid,
        "X-Gitlab-Event-UUID": delivery.event_uuid,
        "Idempotency-Key": delivery.idempotency_key,
    }
    if hook.token:
        headers["X-Gitlab-Token"] = hook.token
    if hook.signing_token:
        headers |= _signature(hook.signing_token, delivery.idempotency_key, body)
    return headers | hook.custom_headers


def _signature(signing_token: str, key: str, body: bytes) -> dict[str, str]:
    """The Standard Webhooks scheme: the hash covers the id, the time and the body."""
    timestamp = str(int(time.time()))
    secret = base64.b64decode(signing_token.removeprefix(_SIGNING_PREFIX))
    signed = f"{key}.{timestamp}.".encode() + body
    value = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": key,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{value}",
    }
