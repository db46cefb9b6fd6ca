"""A job is one trace, however many workers and tries it takes."""

import asyncio
import sys
from collections.abc import Iterator
from datetime import timedelta

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from bot.adapters.memory.telemetry import MemoryTelemetry
from bot.adapters.outside_calls import outside_call
from bot.adapters.tracing import Traces
from bot.adapters.watching import watched
from bot.domain.errors import PermanentError
from bot.domain.job import JobState, StepRecord, StepState
from tests.builders import NOON, a_job

STEP = "create_app_repository"
BEGUN = StepRecord(state=StepState.RUNNING, attempts=1, started_at=NOON)
DONE = BEGUN.evolve(state=StepState.DONE, attempts=2, finished_at=NOON)
ENDED = a_job(state=JobState.DONE, finished_at=NOON + timedelta(minutes=3))


class Worker(Traces):
    """A process that knows of no other."""

    def __init__(self) -> None:
        self.sent = InMemorySpanExporter()
        super().__init__(MemoryTelemetry(), self.sent)

    def drawn(self) -> dict[str, ReadableSpan]:
        """The spans by name, all of them sent."""
        self.close()
        return {span.name: span for span in self.sent.get_finished_spans()}


@pytest.fixture
def worker() -> Iterator[Worker]:
    worker = Worker()
    yield worker
    worker.close()


def test_attempts_in_two_workers_and_the_jobs_end_are_one_trace(worker: Worker) -> None:
    first, second = Worker(), worker
    with first.attempt(a_job(), "plan_app") as came_to:
        came_to(BEGUN.evolve(state=StepState.RETRYING, reason="GitLab is not available"))
    with second.attempt(a_job(), STEP) as came_to:
        came_to(DONE)
    second.ended(ENDED)

    drawn = first.drawn() | second.drawn()

    assert set(drawn) == {"plan_app", STEP, "new-app"}
    root = drawn["new-app"]
    assert len({span.context.trace_id for span in drawn.values() if span.context}) == 1
    assert root.parent is None
    for name in ("plan_app", STEP):
        parent = drawn[name].parent
        assert parent
        assert root.context
        assert parent.span_id == root.context.span_id
    assert root.end_time
    assert root.start_time
    assert root.end_time - root.start_time == 180_000_000_000
    assert drawn["plan_app"].status.status_code is StatusCode.ERROR
    assert drawn["plan_app"].status.description == "GitLab is not available"


def test_two_jobs_are_two_traces(worker: Worker) -> None:
    for number, name in enumerate(["plan_app", STEP]):
        with worker.attempt(a_job(id=f"job0000{number}"), name) as came_to:
            came_to(DONE)

    drawn = worker.drawn()

    assert len({span.context.trace_id for span in drawn.values() if span.context}) == 2


async def test_a_call_is_drawn_below_the_attempt_that_made_it(worker: Worker) -> None:
    def call() -> None:
        with outside_call("gitlab", "POST") as made:
            made.answered(201)

    with worker.attempt(a_job(), STEP) as came_to:
        await asyncio.to_thread(call)
        came_to(DONE)
    call()

    drawn = worker.drawn()

    assert list(drawn) == ["gitlab POST", STEP]
    below, above = drawn["gitlab POST"].parent, drawn[STEP].context
    assert below
    assert above
    assert below.span_id == above.span_id
    assert dict(drawn["gitlab POST"].attributes or {}) == {"idp.status": "201"}


def test_what_is_drawn_is_told_on() -> None:
    told = MemoryTelemetry()
    traces = Traces(told, InMemorySpanExporter())
    with traces.attempt(a_job(), STEP) as came_to:
        came_to(DONE)
    traces.ended(ENDED)
    traces.taken_over()
    traces.swept()
    traces.close()

    assert told.told == [f"{STEP}: pending -> done", "job00001: done", "taken over", "swept"]


async def test_without_an_endpoint_nothing_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "bot.adapters.tracing")

    async with watched(""):
        assert "bot.adapters.tracing" not in sys.modules


async def test_an_endpoint_without_the_extra_is_told_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "bot.adapters.tracing")
    monkeypatch.delattr("bot.adapters.tracing")
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)

    with pytest.raises(PermanentError, match=r"idp-bot\[otel\]"):
        async with watched("http://127.0.0.1:4318"):
            pass
