"""docs/operation.md tells of every metric, with its labels, and of no other."""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase

from bot.domain.census import Census
from bot.domain.job import JobState, StepState
from bot.web.metrics import _Shared
from tests.architecture.documents import table_rows

OPERATION = Path("docs/operation.md")
METRICS = table_rows(OPERATION, "metric")
COUNTED_IN = (
    "bot.adapters.metrics",
    "bot.adapters.outside_calls",
    "bot.slack.acks",
    "bot.slack.socket",
)


def counted() -> Iterator[tuple[str, tuple[str, ...]]]:
    for name in COUNTED_IN:
        for metric in vars(importlib.import_module(name)).values():
            if isinstance(metric, MetricWrapperBase):
                suffix = "_total" if metric._type == "counter" else ""
                yield f"{metric._name}{suffix}", tuple(sorted(metric._labelnames))


def shared() -> Iterator[tuple[str, tuple[str, ...]]]:
    census = Census(
        jobs={JobState.RUNNING: 1},
        pauses={("plan_app", StepState.WAITING): 1},
        overdue="PT1M",  # type: ignore[arg-type] # pydantic reads it
    )
    for metric in _Shared(census, is_up=True).collect():
        yield metric.name, tuple(sorted(metric.samples[0].labels))


def test_every_metric_is_explained_with_its_labels() -> None:
    told = {
        row[0].strip("`"): tuple(sorted(label.strip("` ") for label in row[1].split(",") if label))
        for row in METRICS
    }
    assert told == dict(counted()) | dict(shared())


def test_every_state_of_a_job_is_named() -> None:
    told = {row[0].strip("`"): set(re.findall(r"`([\w-]+)`", row[2])) for row in METRICS}
    states = set(JobState)
    assert told["idp_jobs"] == {state for state in states if not state.is_end}
    assert told["idp_jobs_ended_total"] == {state for state in states if state.is_end}


def test_alerts_ask_for_metrics_that_there_are() -> None:
    known = {name for name, _ in (*counted(), *shared())}
    for when, *_ in table_rows(OPERATION, "when"):
        asked = {name.removesuffix("_bucket") for name in re.findall(r"idp_\w+", when)}
        assert asked
        assert asked <= known


def test_no_metric_is_counted_elsewhere() -> None:
    registered = {m.name for m in REGISTRY.collect() if m.name.startswith("idp_")}
    assert registered == {name.removesuffix("_total") for name, _ in counted()}
