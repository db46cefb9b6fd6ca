"""Write down that somebody called who could not show that they may."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog
from starlette.requests import Request
from starlette.responses import Response

from bot.domain.errors import TemporaryError
from bot.ports.bundle import Ports
from bot.usecases import refusals

log = structlog.get_logger()

UNAUTHORIZED = 401
AT_MOST_EVERY = timedelta(minutes=1)
Endpoint = Callable[[Request], Awaitable[Response]]


def noting_strangers(endpoint: Endpoint, *, what: str, ports: Ports) -> Endpoint:
    """The same endpoint; whom it turns away is counted, and written down at most once a minute.

    Whoever can reach the port can call it. An entry for each call would let them fill the store, where nothing of the
    audit is ever removed.

    Args:
        endpoint: answers 401 to whom it does not believe.
        what: what they wanted to be taken for.
        ports: where it is written, and the time.
    """
    strangers = _Strangers(what, ports)

    async def noting(request: Request) -> Response:
        response = await endpoint(request)
        if response.status_code == UNAUTHORIZED:
            await strangers.turned_away()
        return response

    return noting


class _Strangers:
    def __init__(self, what: str, ports: Ports) -> None:
        self._what = what
        self._ports = ports
        self._noted_at: datetime | None = None
        self._times = 0

    async def turned_away(self) -> None:
        self._times += 1
        now = self._ports.clock()
        if self._noted_at and now - self._noted_at < AT_MOST_EVERY:
            return
        self._noted_at, times, self._times = now, self._times, 0
        log.warning("web.forged", what=self._what, times=times)
        why = f"The secret or signature was not the one expected: {times} since the last entry."
        try:
            await refusals.note(self._what, why, ports=self._ports)
        except TemporaryError as error:
            log.warning("web.forged_not_noted", cause=error.cause)
