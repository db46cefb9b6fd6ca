"""Workers are killed, frozen and stopped, and so is their server: what they had begun is finished by others, once."""

import pytest

from bot.domain.job import StepState
from bot.pipeline.pipelines import PIPELINES
from tests.crash.accidents import APPS, SYSTEMS
from tests.crash.matrix import victims
from tests.crash.platform import CATALOG, USER_APPS, Platform
from tests.crash.points import Point
from tests.crash.stage import Outcomes

pytestmark = [pytest.mark.timeout(240)]

LONGEST_SILENCE = 20
HANDOVER_SECONDS = 5
"""Less than a lease: whoever lets go of a job says so."""

SUFFERED = {
    kind: [victim.name for point in Point for victim in victims(pipeline, point)]
    for kind, pipeline in PIPELINES.items()
}
ASKED = {"new-app": SUFFERED["new-app"], "new-system": [*SUFFERED["new-system"], *SYSTEMS]}
EVERYTHING = [*APPS, *ASKED["new-app"], *ASKED["new-system"]]


@pytest.mark.parametrize("name", [*APPS, *ASKED["new-app"]])
async def test_an_application_whose_workers_die_is_made_once(
    outcomes: Outcomes, platform: Platform, name: str
) -> None:
    outcomes.of(name)

    app, deployment = (f"idp/payments/checkout-{name}{end}" for end in ("", "-deployment"))
    file = f"environments/development/payments-checkout-{name}.yaml"
    assert await platform.projects_created(app) == 1
    assert await platform.projects_created(deployment) == 1
    assert len(await platform.commits(app)) == 1
    assert len(await platform.commits(deployment)) == 2, "the first one, and the pipeline's"
    assert await platform.pipelines(app) == 1
    assert await platform.push_tokens(deployment) == 1
    assert await platform.webhooks(deployment) == 1
    assert len(await platform.commits(USER_APPS, file)) == 1
    assert await platform.registrations(f"checkout-{name}/") == 1


@pytest.mark.parametrize("name", ASKED["new-system"])
async def test_a_system_whose_workers_die_is_added_once(
    outcomes: Outcomes, platform: Platform, name: str
) -> None:
    outcomes.of(name)

    assert len(await platform.commits(CATALOG, f"systems/{name}.yaml")) == 1
    assert await platform.registrations(f"systems/{name}.yaml") <= 1, "it may find the file itself"


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


async def test_a_worker_that_is_asked_to_stop_hands_its_job_over_at_once(
    outcomes: Outcomes,
) -> None:
    after = outcomes.of("drained")

    assert after.struck[0] < HANDOVER_SECONDS
