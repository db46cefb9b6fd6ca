"""Who watches over this process: counters always, traces where somebody collects them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from bot.adapters.metrics import Metrics
from bot.domain.errors import PermanentError
from bot.ports.telemetry import Telemetry


@contextlib.asynccontextmanager
async def watched(endpoint: str) -> AsyncIterator[Telemetry]:
    """Yield the watcher; at the end, what it still holds is sent.

    Args:
        endpoint: where traces go, over OTLP and HTTP; empty for none, and then nothing of OpenTelemetry's is loaded.

    Raises:
        PermanentError: traces are wanted, and what sends them is not installed.
    """
    if not endpoint:
        yield Metrics()
        return
    try:
        from bot.adapters import tracing  # noqa: PLC0415 an extra, only loaded where it is wanted
    except ImportError as error:
        raise PermanentError(
            "OTEL_EXPORTER_OTLP_ENDPOINT is set, but what sends traces is not installed.",
            "Install the extra (pip install 'idp-bot[otel]', or requirements/otel.txt), or unset the variable.",
        ) from error
    traces = tracing.Traces(Metrics(), tracing.sender(endpoint))
    try:
        yield traces
    finally:
        await asyncio.to_thread(traces.close)
