"""Workers are killed, frozen and stopped, and so are their server and GitLab: what they had begun is finished by others, once."""

from datetime import timedelta

import pytest

from bot.domain.job import StepState
from bot.pipeline.pipelines import PIPELINES
from tests.crash.accidents import APPS, GITLAB_IS_GONE_SECONDS, SYSTEMS
from tests.crash.doubles import made
from tests.crash.matrix import victims
from tests.crash.platform import Platform
from tests.crash.points import Point
from tests.crash.stage import Outcomes

pytestmark = [pytest.mark.timeout(240)]

LONGEST_SILENCE = 20
HANDOVER_SECONDS = 5
"""Less than a lease: whoever lets go of a job says so."""

VICTIMS = [
    victim.name
    for pipeline in PIPELINES.values()
    for point in Point
    for victim in victims(pipeline, point)
]
EVERYTHING = [*APPS, *SYSTEMS, *VICTIMS]


@pytest.mark.parametrize("name", EVERYTHING)
async def test_each_outside_effect_of_a_job_whose_workers_die_exists_once(
    outcomes: Outcomes, platform: Platform, name: str
) -> None:
    after = outcomes.of(name)

    there = await made(after.job, platform)
    assert there == dict.fromkeys(there, 1)


@pytest.mark.parametrize("name", EVERYTHING)
async def test_nothing_is_said_twice(outcomes: Outcomes, name: str) -> None:
    after = outcomes.of(name)

    decision = () if name in APPS else ("approval-wanted", "decided")
    direct = {key for key in after.notices if key.startswith("question:")}
    assert after.notices == dict.fromkeys(("card", *decision, *direct, "done"), 1)


@pytest.mark.parametrize("name", EVERYTHING)
async def test_the_history_has_every_change_once_and_no_gap(outcomes: Outcomes, name: str) -> None:
    after = outcomes.of(name)

    versions = [event.version for event in after.history]
    assert versions == list(range(1, after.job.version + 1))
    done = [event.step for event in after.history if event.step and event.what == "done"]
    assert sorted(done) == sorted(after.job.steps)
    assert {record.state for record in after.job.steps.values()} == {StepState.DONE}


@pytest.mark.parametrize("name", EVERYTHING)
async def test_the_audit_tells_every_change_once_and_has_no_gap(
    outcomes: Outcomes, name: str
) -> None:
    after = outcomes.of(name)

    assert after.audited == list(range(1, after.job.version + 1))


@pytest.mark.parametrize("name", EVERYTHING)
async def test_a_job_that_can_go_on_is_never_silent_for_long(outcomes: Outcomes, name: str) -> None:
    after = outcomes.of(name)

    assert after.silence < LONGEST_SILENCE


@pytest.mark.parametrize("name", [*APPS, *SYSTEMS])
async def test_another_worker_goes_on_soon(outcomes: Outcomes, name: str) -> None:
    after = outcomes.of(name)

    assert after.struck
    assert max(after.struck) < LONGEST_SILENCE


async def test_a_job_goes_on_after_a_minute_without_gitlab(outcomes: Outcomes) -> None:
    after = outcomes.of("unconnected")

    in_vain = [event.at for event in after.history if event.what == "retrying"]
    done = [event.at for event in after.history if event.what == "done"]
    assert len(in_vain) > 2
    assert max(done) - min(in_vain) > timedelta(seconds=GITLAB_IS_GONE_SECONDS - 5)


async def test_a_worker_that_is_asked_to_stop_hands_its_job_over_at_once(
    outcomes: Outcomes,
) -> None:
    after = outcomes.of("drained")

    assert after.struck[0] < HANDOVER_SECONDS
