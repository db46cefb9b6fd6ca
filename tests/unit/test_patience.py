"""How long a step goes on trying while a system is down, over all the chances of its random pauses."""

import math
import random
from collections.abc import Iterator
from datetime import timedelta
from itertools import accumulate

from bot.domain.errors import NotYet, TemporaryError
from bot.domain.job import StepRecord, StepState
from bot.pipeline.progress import LONGEST_PAUSE, Random, after_not_yet, after_temporary
from bot.pipeline.steps.await_approval import await_approval
from bot.pipeline.steps.await_deployment import await_deployment
from bot.pipeline.steps.create_app_repository import create_app_repository
from tests.builders import NOON

OUTAGE = timedelta(minutes=1)
STEP = create_app_repository
RUNS = 20_000


def pauses(chance: Random) -> Iterator[float]:
    """Seconds between the tries that a step has while every one of them fails at once."""
    record, now = StepRecord(), NOON
    while record.state is not StepState.FAILED:
        tried = record.evolve(attempts=record.attempts + 1)
        error = TemporaryError("GitLab is not available (503).")
        record = after_temporary(tried, STEP, error, now=now, random=chance)
        if record.look_at:
            yield (record.look_at - now).total_seconds()
            now = record.look_at


def test_pauses_double_up_to_a_cap_and_take_their_whole_range() -> None:
    longest, shortest = list(pauses(lambda _, high: high)), list(pauses(lambda low, _: low))

    cap = LONGEST_PAUSE.total_seconds()
    assert longest == [min(2.0**n, cap) for n in range(1, STEP.tries)]
    assert set(shortest) == {0.0}


def test_a_step_that_is_told_to_come_back_much_later_has_a_deadline_all_the_same() -> None:
    record, now = StepRecord(), NOON
    error = TemporaryError("GitLab asked the bot to slow down.", timedelta(hours=1))

    tried = []
    while record.state is not StepState.FAILED:
        tried.append(now - NOON)
        record = record.evolve(attempts=record.attempts + 1)
        record = after_temporary(record, await_deployment, error, now=now, random=lambda _, b: b)
        now = record.look_at or now

    assert tried == [timedelta(), await_deployment.patience]
    assert record.reason == (
        "GitLab asked the bot to slow down. The 30 minutes that this step may take are over."
    )


def test_waits_and_tries_share_one_patience() -> None:
    waiting = after_not_yet(StepRecord(), await_deployment, NotYet("Argo CD to sync"), now=NOON)
    later = NOON + await_deployment.patience

    over = after_temporary(
        waiting.evolve(attempts=1),
        await_deployment,
        TemporaryError("It is busy."),
        now=later,
        random=lambda _, b: b,
    )
    tried = after_temporary(
        StepRecord(attempts=1),
        await_deployment,
        TemporaryError("It is busy."),
        now=NOON,
        random=lambda _, b: b,
    )
    waited = after_not_yet(tried, await_deployment, NotYet("Argo CD to sync"), now=later)

    assert (over.state, waited.state) == (StepState.FAILED, StepState.FAILED)


def test_a_step_whose_patience_has_no_end_is_tried_again() -> None:
    record = after_temporary(
        StepRecord(attempts=1),
        await_approval,
        TemporaryError("It is busy."),
        now=NOON,
        random=lambda _, b: b,
    )

    assert record.look_at == NOON + timedelta(seconds=2)


def test_no_step_uses_up_its_tries_while_a_system_is_down_for_a_minute() -> None:
    """The odds are those of a point in a box, whose sides are the bounds, to lie below a sum: less than the simplex."""
    bounds = list(pauses(lambda _, high: high))
    simplex = OUTAGE.total_seconds() ** len(bounds) / math.factorial(len(bounds))

    assert simplex / math.prod(bounds) < 1e-8


def test_twenty_thousand_jobs_outlive_the_minute() -> None:
    chance = random.Random(20261101)  # noqa: S311 chance, the same in every run

    def outlives() -> bool:
        return any(lasted > OUTAGE.total_seconds() for lasted in accumulate(pauses(chance.uniform)))

    assert all(outlives() for _ in range(RUNS))


def test_an_outage_of_some_minutes_is_outlived_and_one_of_hours_is_told() -> None:
    chance = random.Random(20261101)  # noqa: S311 chance, the same in every run

    lasted = sum(sum(pauses(chance.uniform)) for _ in range(1000)) / 1000

    assert timedelta(minutes=5) < timedelta(seconds=lasted) < timedelta(minutes=15)
