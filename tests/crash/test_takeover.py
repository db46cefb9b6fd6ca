"""Workers are killed, frozen and stopped: whatever they had begun is finished by others, once."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import pytest
from redis import Redis

from bot.domain.job import StepState
from tests.boxed import Json, variables
from tests.crash import case
from tests.crash.accidents import APPS, SYSTEMS, Accident
from tests.crash.case import Aftermath
from tests.crash.platform import CATALOG, USER_APPS, Platform, connected

pytestmark = [pytest.mark.timeout(180)]

TAKEOVER_SECONDS = 30
HANDOVER_SECONDS = 5
"""Less than a lease: whoever lets go of a job says so."""

Outcomes = Mapping[str, Aftermath | BaseException]


@pytest.fixture(scope="module", name="outcomes")
def _outcomes(
    box: Json, valkey: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Outcomes]:
    """All accidents happen at the same time, each in a database of its own, for most of the time is waiting."""
    with Redis.from_url(valkey) as client:
        client.flushall()
    folder = tmp_path_factory.mktemp("crash")
    env = variables(box, redis_url=valkey, state=folder, http_port=1)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in env.items():
            patch.setenv(name, value)
        yield asyncio.run(_all(box, env, folder))


async def _all(box: Json, env: Mapping[str, str], folder: Path) -> Outcomes:
    stories = SYSTEMS | APPS
    async with connected(box) as platform:
        ends = await asyncio.gather(
            *(
                _one(name, accident, platform=platform, env=env, database=number, folder=folder)
                for number, (name, accident) in enumerate(stories.items())
            ),
            return_exceptions=True,
        )
    return dict(zip(stories, ends, strict=True))


async def _one(
    name: str,
    accident: Accident,
    *,
    platform: Platform,
    env: Mapping[str, str],
    database: int,
    folder: Path,
) -> Aftermath:
    url = f"{env['REDIS_URL'].rsplit('/', maxsplit=1)[0]}/{database}"
    async with case.opened(
        name, platform=platform, variables=env, redis_url=url, folder=folder
    ) as opened:
        return await accident(opened)


@pytest.fixture(name="platform")
async def _platform(box: Json) -> AsyncIterator[Platform]:
    async with connected(box) as platform:
        yield platform


def _after(outcomes: Outcomes, name: str) -> Aftermath:
    outcome = outcomes[name]
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome


@pytest.mark.parametrize("name", APPS)
async def test_an_application_whose_workers_die_is_made_once(
    outcomes: Outcomes, platform: Platform, name: str
) -> None:
    _after(outcomes, name)

    app, deployment = (f"idp/payments/checkout-{name}{end}" for end in ("", "-deployment"))
    file = f"environments/development/payments-checkout-{name}.yaml"
    assert await platform.projects_created(app) == 1
    assert await platform.projects_created(deployment) == 1
    assert len(await platform.commits(app)) == 1
    assert len(await platform.commits(deployment)) == 2, "the first one, and the pipeline's"
    assert await platform.pipelines(app) == 1
    assert len(await platform.commits(USER_APPS, file)) == 1
    assert await platform.registrations(f"checkout-{name}/") == 1


@pytest.mark.parametrize("name", SYSTEMS)
async def test_a_system_whose_workers_die_is_added_once(
    outcomes: Outcomes, platform: Platform, name: str
) -> None:
    _after(outcomes, name)

    assert len(await platform.commits(CATALOG, f"systems/{name}.yaml")) == 1
    assert await platform.registrations(f"systems/{name}.yaml") <= 1, "it may find the file itself"


@pytest.mark.parametrize("name", APPS | SYSTEMS)
async def test_nothing_is_said_twice(outcomes: Outcomes, name: str) -> None:
    after = _after(outcomes, name)

    decision = ("approval-wanted", "decided") if name in SYSTEMS else ()
    direct = {key for key in after.notices if key.startswith("question:")}
    assert after.notices == dict.fromkeys(("card", *decision, *direct, "done"), 1)


@pytest.mark.parametrize("name", APPS | SYSTEMS)
async def test_the_history_has_every_change_once_and_no_gap(outcomes: Outcomes, name: str) -> None:
    after = _after(outcomes, name)

    versions = [event.version for event in after.history]
    assert versions == list(range(1, after.job.version + 1))
    done = [event.step for event in after.history if event.step and event.what == "done"]
    assert sorted(done) == sorted(after.job.steps)
    assert {record.state for record in after.job.steps.values()} == {StepState.DONE}


@pytest.mark.parametrize("name", APPS | SYSTEMS)
async def test_the_audit_tells_every_change_once_and_has_no_gap(
    outcomes: Outcomes, name: str
) -> None:
    after = _after(outcomes, name)

    assert after.audited == list(range(1, after.job.version + 1))


@pytest.mark.parametrize("name", APPS | SYSTEMS)
async def test_another_worker_goes_on_soon(outcomes: Outcomes, name: str) -> None:
    after = _after(outcomes, name)

    assert after.struck
    assert max(map(after.taken_over_after, after.struck)) < TAKEOVER_SECONDS


async def test_a_worker_that_is_asked_to_stop_hands_its_job_over_at_once(
    outcomes: Outcomes,
) -> None:
    after = _after(outcomes, "drained")

    assert after.taken_over_after(after.struck[0]) < HANDOVER_SECONDS
