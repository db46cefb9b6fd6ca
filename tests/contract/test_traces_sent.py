"""Traces arrive at a collector, over OTLP and HTTP."""

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from bot.adapters.watching import watched
from bot.domain.job import StepRecord, StepState
from tests.builders import NOON, a_job

LOOPBACK = "127.0.0.1"
DONE = StepRecord(state=StepState.DONE, attempts=1, started_at=NOON, finished_at=NOON)


async def test_what_is_not_yet_sent_is_sent_at_the_end() -> None:
    got = ExportTraceServiceRequest()

    async def take(request: web.Request) -> web.Response:
        assert request.headers["Content-Type"] == "application/x-protobuf"
        got.MergeFromString(await request.read())
        return web.Response()

    collector = web.Application()
    collector.router.add_post("/v1/traces", take)
    runner = web.AppRunner(collector, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, LOOPBACK, 0).start()
    port = runner.addresses[0][1]

    async with watched(f"http://{LOOPBACK}:{port}") as telemetry:
        with telemetry.attempt(a_job(), "plan_app") as came_to:
            came_to(DONE)
    await runner.cleanup()

    [resource] = got.resource_spans
    named = {each.key: each.value.string_value for each in resource.resource.attributes}
    [span] = resource.scope_spans[0].spans
    told = {each.key: each.value.string_value for each in span.attributes}
    assert named["service.name"] == "idp-bot"
    assert span.name == "plan_app"
    assert (told["idp.job"], told["idp.state"]) == ("job00001", "done")
