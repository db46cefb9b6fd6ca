"""Hold Slack's socket, and find out when it has gone deaf."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

import aiohttp
import structlog
from prometheus_client import Counter
from pydantic import SecretStr
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from typing_extensions import override

from bot.slack import payloads
from bot.slack.acks import acknowledged

log = structlog.get_logger()

DEAF = Counter(
    "idp_slack_socket_deaf", "Sockets that were open and on which Slack was not heard any more."
)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, in seconds: between two pings, for a connection, and for Slack to be heard again."""

    ping: float = 5
    connection: float = 10
    silence: float = 15


class Socket(AsyncSocketModeHandler):
    """Bolt's handler, and a watch over it.

    The client finds a socket on which pings are not answered, and opens another. It does not find one whose pings are
    answered by something between us and Slack that has lost Slack: so a socket counts only once Slack has said hello on
    it, and one that does not count for too long is given up, whatever the reason.
    """

    def __init__(
        self, bolt: AsyncApp, token: SecretStr, *, patience: Patience | None = None
    ) -> None:
        self._patience = patience or Patience()
        super().__init__(bolt, token.get_secret_value(), ping_interval=self._patience.ping)
        self._greeted: Any = None
        self.client.on_message_listeners.append(self._heard)

    async def is_listening(self) -> bool:
        """Whether what people do in Slack reaches this process now."""
        session = self.client.current_session
        return session is self._greeted and await self.client.is_connected()

    async def listen(self) -> None:
        """Listen until cancelled."""
        # The client's own session would wait five minutes for an answer to the handshake.
        await self.client.aiohttp_client_session.close()
        limits = aiohttp.ClientTimeout(
            sock_connect=self._patience.connection, sock_read=self._patience.connection
        )
        self.client.aiohttp_client_session = aiohttp.ClientSession(timeout=limits)
        try:
            await self.connect_async()  # type: ignore[no-untyped-call] # Bolt leaves it untyped
            await self._watch()
        finally:
            await self.close_async()  # type: ignore[no-untyped-call] # Bolt leaves it untyped

    @override
    async def handle(self, client: SocketModeClient, req: SocketModeRequest) -> None:  # type: ignore[override] # as Bolt's own
        if not payloads.understood(req.payload):
            log.warning("slack.not_understood", request=req.envelope_id)
            return
        with (
            structlog.contextvars.bound_contextvars(request=req.envelope_id),
            acknowledged("socket"),
        ):
            await super().handle(client, req)

    async def _heard(self, _: aiohttp.WSMessage) -> None:
        self._greeted = self.client.current_session

    async def _watch(self) -> None:
        """Give a socket up that does not count; a client that is connecting already is left alone, lest there be two."""
        heard_at = time.monotonic()
        while True:
            await asyncio.sleep(self._patience.silence / 5)
            if await self.is_listening() or self.client.connect_operation_lock.locked():
                heard_at = time.monotonic()
            elif time.monotonic() - heard_at >= self._patience.silence:
                heard_at = time.monotonic()
                await self._connect_anew()

    async def _connect_anew(self) -> None:
        log.warning("slack.socket_deaf", silent_for_s=self._patience.silence)
        DEAF.inc()
        try:
            await self.client.connect_to_new_endpoint(force=True)
        except (SlackApiError, SlackClientError, aiohttp.ClientError, OSError) as error:
            log.warning("slack.socket_not_opened", error=type(error).__name__)
