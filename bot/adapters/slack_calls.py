"""The connections to Slack's Web API, with each call counted."""

import contextlib
from types import SimpleNamespace

import aiohttp

from bot.adapters.outside_calls import outside_call

TIMEOUT = aiohttp.ClientTimeout(total=30)


def slack_session() -> aiohttp.ClientSession:
    """A session that the client and all copies that Bolt makes of it share; whoever opens it closes it."""
    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(_begun)
    trace.on_request_end.append(_answered)
    trace.on_request_exception.append(_broken)
    return aiohttp.ClientSession(timeout=TIMEOUT, trace_configs=[trace])


async def _begun(
    _: aiohttp.ClientSession, call: SimpleNamespace, params: aiohttp.TraceRequestStartParams
) -> None:
    call.until = contextlib.ExitStack()
    method = params.url.path.rpartition("/")[2]
    call.outside = call.until.enter_context(outside_call("slack", method))


async def _answered(
    _: aiohttp.ClientSession, call: SimpleNamespace, params: aiohttp.TraceRequestEndParams
) -> None:
    call.outside.answered(params.response.status)
    call.until.close()


async def _broken(
    _: aiohttp.ClientSession, call: SimpleNamespace, __: aiohttp.TraceRequestExceptionParams
) -> None:
    call.until.close()
