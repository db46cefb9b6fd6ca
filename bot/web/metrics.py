"""The page that Prometheus reads: what this process counted, and how the jobs stand that all processes share."""

from collections.abc import Iterator

from prometheus_client import REGISTRY, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry
from typing_extensions import override

from bot.domain.census import Census


def page(census: Census | None, *, is_up: bool) -> bytes:
    """Render it.

    Args:
        census: the jobs as the store has them now; None when it cannot be reached.
        is_up: whether the store takes what is written.
    """
    shared = CollectorRegistry()
    shared.register(_Shared(census, is_up=is_up))
    return generate_latest(shared) + generate_latest(REGISTRY)


class _Shared(Collector):
    def __init__(self, census: Census | None, *, is_up: bool) -> None:
        self._census = census
        self._is_up = is_up

    @override
    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily(
            "idp_store_up", "Whether Redis answered and took a write.", value=float(self._is_up)
        )
        if self._census:
            yield from _of(self._census)


def _of(census: Census) -> Iterator[Metric]:
    jobs = GaugeMetricFamily("idp_jobs", "Jobs that have not ended.", labels=["state"])
    for state, number in census.jobs.items():
        jobs.add_metric([state], number)
    yield jobs
    pauses = GaugeMetricFamily(
        "idp_steps_waiting",
        "Steps that wait for the world, or for their next try.",
        labels=["step", "state"],
    )
    for (step, step_state), number in census.pauses.items():
        pauses.add_metric([step, step_state], number)
    yield pauses
    yield GaugeMetricFamily(
        "idp_jobs_overdue_seconds",
        "For how long a job has waited that some worker should have looked at.",
        value=census.overdue.total_seconds(),
    )
