"""Traces for OpenTelemetry: a job is a trace, each attempt at a step a span, each call to another system one below it.

The ids of a job's trace and of its root come from the job's id, so attempts in any number of workers, at any time,
meet in one trace without a word between them. The root itself is sent when the job ends.
Only imported where traces are wanted: the SDK is an extra.
"""

import contextlib
import hashlib
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import datetime

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import NonRecordingSpan, SpanContext, StatusCode, TraceFlags
from typing_extensions import override

from bot.adapters.outside_calls import start_span
from bot.domain.job import Job, JobState, StepRecord, StepState
from bot.ports.telemetry import CameTo, Telemetry

EXPORT_SECONDS = 3
_FAULTS = frozenset({StepState.FAILED, StepState.RETRYING})

_root_of: ContextVar[str] = ContextVar("root_of", default="")


class Traces:
    """Draws what it is told, and tells it on.

    It has a provider of its own, not the process-wide one: docket would draw every sweep and every nudge.

    Args:
        told_on: who else watches.
        exporter: where spans go.
    """

    def __init__(self, told_on: Telemetry, exporter: SpanExporter) -> None:
        self._told_on = told_on
        named = Resource({SERVICE_NAME: "idp-bot"}).merge(OTELResourceDetector().detect())
        self._provider = TracerProvider(resource=named, id_generator=_Ids())
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("idp-bot")

    def close(self) -> None:
        """Send what has not been sent; blocks for a few seconds at most."""
        self._provider.force_flush(EXPORT_SECONDS * 1000)
        self._provider.shutdown()

    @contextlib.contextmanager
    def attempt(self, job: Job, step: str) -> Iterator[CameTo]:
        with (
            self._told_on.attempt(job, step) as tell_on,
            self._tracer.start_as_current_span(step, context=_below_root(job.id)) as span,
        ):
            span.set_attributes({"idp.job": job.id, "idp.step": step})

            def came_to(after: StepRecord) -> None:
                tell_on(after)
                span.set_attributes({"idp.state": after.state, "idp.attempt": after.attempts})
                if after.state in _FAULTS:
                    span.set_status(StatusCode.ERROR, after.reason)
                elif after.reason:
                    span.set_attribute("idp.reason", after.reason)

            token = start_span.set(self._tracer.start_as_current_span)
            try:
                yield came_to
            finally:
                start_span.reset(token)

    def ended(self, job: Job) -> None:
        self._told_on.ended(job)
        token = _root_of.set(job.id)
        root = self._tracer.start_span(
            job.request.kind, context=Context(), start_time=_nanoseconds(job.created_at)
        )
        _root_of.reset(token)
        root.set_attributes({"idp.job": job.id, "idp.state": job.state})
        if job.state is JobState.FAILED:
            root.set_status(StatusCode.ERROR)
        root.end(_nanoseconds(job.finished_at) if job.finished_at else None)

    def taken_over(self) -> None:
        self._told_on.taken_over()

    def swept(self) -> None:
        self._told_on.swept()


def sender(endpoint: str) -> SpanExporter:
    """Send over OTLP and HTTP; headers and the like are read from the variables that OpenTelemetry defines."""
    return OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces", timeout=EXPORT_SECONDS)


class _Ids(RandomIdGenerator):
    """Random ids, but for the root of a job's trace."""

    @override
    def generate_span_id(self) -> int:
        job_id = _root_of.get()
        return _number(f"root of {job_id}", 8) if job_id else super().generate_span_id()

    @override
    def generate_trace_id(self) -> int:
        job_id = _root_of.get()
        return _number(f"trace of {job_id}", 16) if job_id else super().generate_trace_id()


def _below_root(job_id: str) -> Context:
    root = SpanContext(
        trace_id=_number(f"trace of {job_id}", 16),
        span_id=_number(f"root of {job_id}", 8),
        is_remote=True,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
    )
    return trace.set_span_in_context(NonRecordingSpan(root), Context())


def _number(text: str, size: int) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:size], "big")


def _nanoseconds(at: datetime) -> int:
    return round(at.timestamp() * 1e9)
