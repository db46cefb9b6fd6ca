"""How long Slack waits for its acknowledgement; after three seconds it shows people an error."""

import contextlib
import time
from collections.abc import Awaitable, Callable, Iterator

from prometheus_client import Histogram
from starlette.requests import Request
from starlette.responses import Response

ACK_SECONDS = Histogram(
    "idp_slack_ack_seconds",
    "From Slack's request to the acknowledgement; Slack gives up after 3 seconds.",
    ["way"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5),
)

Endpoint = Callable[[Request], Awaitable[Response]]


@contextlib.contextmanager
def acknowledged(way: str) -> Iterator[None]:
    """Lasts from the request to its acknowledgement.

    Args:
        way: `socket` or `http`.
    """
    began = time.perf_counter()
    try:
        yield
    finally:
        ACK_SECONDS.labels(way).observe(time.perf_counter() - began)


def over_http(endpoint: Endpoint) -> Endpoint:
    """The same endpoint, timed."""

    async def timed(request: Request) -> Response:
        with acknowledged("http"):
            return await endpoint(request)

    return timed
