"""Count and time each call to another system, and draw it as a part of the attempt that made it."""

import contextlib
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from contextvars import ContextVar
from typing import Any

from prometheus_client import Counter, Histogram

NO_ANSWER = "none"
CALLS = Counter(
    "idp_outside_calls", "Calls to other systems, by what they answered.", ["system", "status"]
)
SECONDS = Histogram(
    "idp_outside_call_seconds",
    "How long other systems took to answer.",
    ["system"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30),
)

StartSpan = Callable[[str], AbstractContextManager[Any]]
start_span: ContextVar[StartSpan | None] = ContextVar("start_span", default=None)
"""Draws a span below the attempt at hand, where traces are wanted and there is an attempt."""


class OutsideCall:
    """One call. `status` is what was answered: a number, the vendor's word, or nothing."""

    status = NO_ANSWER

    def answered(self, status: int | str) -> None:
        """Note the answer."""
        self.status = str(status)


@contextlib.contextmanager
def outside_call(system: str, what: str = "") -> Iterator[OutsideCall]:
    """Lasts as long as the call, in any thread.

    Args:
        system: its name, one of few.
        what: what is called, for the trace alone; it may be anything but secret.
    """
    call, began = OutsideCall(), time.perf_counter()
    start = start_span.get()
    with start(f"{system} {what}".strip()) if start else contextlib.nullcontext() as span:
        try:
            yield call
        finally:
            CALLS.labels(system, call.status).inc()
            SECONDS.labels(system).observe(time.perf_counter() - began)
            if span is not None:
                span.set_attribute("idp.status", call.status)
