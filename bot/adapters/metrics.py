"""What happens to jobs, as counters and histograms for Prometheus; they begin anew with the process.

Every label has few values: names of steps, states, kinds. What grows without bound (ids, people, reasons) is in the logs.
"""

import contextlib
from collections.abc import Iterator

from prometheus_client import Counter, Histogram

from bot.domain.job import Job, StepRecord, StepState
from bot.ports.telemetry import CameTo

ENDED = Counter("idp_jobs_ended", "Jobs that came to an end.", ["kind", "state"])
STEP_SECONDS = Histogram(
    "idp_step_seconds",
    "From a step's first attempt to its end, waits and retries included.",
    ["step", "state"],
    buckets=(0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600),
)
RETRIES = Counter("idp_step_retries", "Attempts that met a temporary error.", ["step"])
RESUMED = Counter("idp_steps_resumed", "Steps taken up after a worker that died in them.", ["step"])
FENCED = Counter("idp_jobs_fenced", "Workers that were refused, as another held the job by then.")
SWEPT = Counter("idp_jobs_swept", "Jobs that nobody had looked at in time.")
QUEUE_LAG = Histogram(
    "idp_queue_lag_seconds",
    "How long a job that is due waits until a worker has a hand free.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 300),
)

_ENDS = frozenset({StepState.DONE, StepState.FAILED, StepState.DECLINED})


class Metrics:
    """Keeps the counters; there is one set for each process."""

    @contextlib.contextmanager
    def attempt(self, job: Job, step: str) -> Iterator[CameTo]:
        if job.step(step).state is StepState.RUNNING:
            RESUMED.labels(step).inc()

        def came_to(after: StepRecord) -> None:
            if after.state is StepState.RETRYING:
                RETRIES.labels(step).inc()
            if after.state in _ENDS and after.started_at and after.finished_at:
                taken = (after.finished_at - after.started_at).total_seconds()
                STEP_SECONDS.labels(step, after.state).observe(taken)

        yield came_to

    def ended(self, job: Job) -> None:
        ENDED.labels(job.request.kind, job.state).inc()

    def taken_over(self) -> None:
        FENCED.inc()

    def swept(self) -> None:
        SWEPT.inc()
