"""What Prometheus is told, and under which few labels."""

from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from bot.adapters.memory.jobs import MemoryJobs
from bot.adapters.metrics import Metrics
from bot.adapters.outside_calls import outside_call
from bot.domain.job import Job, JobState, StepRecord, StepState
from bot.web import metrics
from tests.builders import NOON, a_job

STEP = "plan_app"
BEGUN = StepRecord(state=StepState.RUNNING, attempts=1, started_at=NOON)


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0


def tried(before: StepRecord, after: StepRecord) -> None:
    with Metrics().attempt(a_job(steps={STEP: before}), STEP) as came_to:
        came_to(after)


def test_how_long_a_step_took_is_told_once_it_has_ended() -> None:
    before = counted("idp_step_seconds_sum", step=STEP, state="done")

    tried(StepRecord(), BEGUN.evolve(state=StepState.WAITING, reason="a pipeline"))
    done = BEGUN.evolve(state=StepState.DONE, finished_at=NOON + timedelta(seconds=90))
    tried(StepRecord(), done)

    assert counted("idp_step_seconds_sum", step=STEP, state="done") - before == 90


def test_temporary_errors_are_counted_as_retries() -> None:
    before = counted("idp_step_retries_total", step=STEP)

    tried(StepRecord(), BEGUN.evolve(state=StepState.RETRYING, reason="GitLab is not available"))

    assert counted("idp_step_retries_total", step=STEP) - before == 1


def test_a_step_that_a_dead_worker_began_is_counted_as_resumed() -> None:
    before = counted("idp_steps_resumed_total", step=STEP)

    tried(StepRecord(), BEGUN)
    tried(BEGUN, BEGUN)

    assert counted("idp_steps_resumed_total", step=STEP) - before == 1


def test_ends_are_counted_by_kind_and_state() -> None:
    before = counted("idp_jobs_ended_total", kind="new-app", state="failed")

    Metrics().ended(a_job(state=JobState.FAILED))

    assert counted("idp_jobs_ended_total", kind="new-app", state="failed") - before == 1


@pytest.mark.parametrize(("method", "name"), [("taken_over", "fenced"), ("swept", "swept")])
def test_what_should_be_rare_is_counted(method: str, name: str) -> None:
    before = counted(f"idp_jobs_{name}_total")

    getattr(Metrics(), method)()

    assert counted(f"idp_jobs_{name}_total") - before == 1


def test_a_call_is_counted_by_system_and_answer() -> None:
    before = counted("idp_outside_calls_total", system="gitlab", status="404")

    with outside_call("gitlab", "GET") as call:
        call.answered(404)

    assert counted("idp_outside_calls_total", system="gitlab", status="404") - before == 1


def test_a_call_without_an_answer_is_counted_too() -> None:
    before = counted("idp_outside_calls_total", system="gitlab", status="none")

    with pytest.raises(TimeoutError), outside_call("gitlab", "GET"):
        raise TimeoutError

    assert counted("idp_outside_calls_total", system="gitlab", status="none") - before == 1


async def test_the_page_tells_how_the_jobs_stand() -> None:
    store = MemoryJobs(clock=lambda: NOON)
    for number, state in enumerate([JobState.WAITING, JobState.RUNNING, JobState.RUNNING]):
        await _put(store, a_job(id=f"job0000{number}"), state)
    waits = StepRecord(state=StepState.WAITING, reason="pipeline 4711 of idp/payments/hello")
    store.put("job00000", {"steps": {"await_pipeline": waits}})

    text = metrics.page(await store.census(now=NOON + timedelta(minutes=1)), is_up=True).decode()

    assert 'idp_jobs{state="running"} 2.0' in text
    assert 'idp_jobs{state="waiting"} 1.0' in text
    assert 'idp_jobs{state="waiting-approval"} 0.0' in text
    assert 'idp_steps_waiting{state="waiting",step="await_pipeline"} 1.0' in text
    assert "idp_jobs_overdue_seconds 55.0" in text
    assert "pipeline 4711" not in text
    assert "job00000" not in text


async def _put(store: MemoryJobs, job: Job, state: JobState) -> None:
    await store.create(job)
    store.put(job.id, {"state": state})


def test_without_the_store_the_page_still_tells_what_the_process_knows() -> None:
    text = metrics.page(None, is_up=False).decode()

    assert "idp_store_up 0.0" in text
    assert "idp_jobs{" not in text
    assert "python_info" in text
