"""How a job's steps are run, seen on small pipelines."""

import asyncio
import dataclasses
from datetime import timedelta
from typing import Any

import pytest
import structlog
from typing_extensions import override

from bot.adapters.memory.announcer import MemoryAnnouncer
from bot.domain.errors import Declined, NotYet, PermanentError, TemporaryError
from bot.domain.job import Job, JobState, MessageRef, StepRecord, StepState
from bot.domain.notices import Notice
from bot.domain.request import AppRequest
from bot.domain.value import Value
from bot.pipeline.pipeline import JobContext, Pipeline, PipelineBroken
from bot.pipeline.pipelines import PIPELINES
from bot.pipeline.progress import next_look
from bot.pipeline.step import Step, step, undo
from bot.pipeline.undoing import course_of
from bot.ports.job_store import Answer, Busy
from tests.builders import ADA, NOON, a_job
from tests.world import World

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


class Ground(Value):
    name: str


class Wall(Value):
    stands_on: str


class Window(Value):
    looks_at: str


class House(Value):
    parts: int


class Weather:
    """What the steps below meet, and what they did about it."""

    def __init__(self) -> None:
        self.troubles: list[Exception] = []
        self.built: list[str] = []

    def meet(self) -> None:
        if self.troubles:
            raise self.troubles.pop(0)


WEATHER = Weather()


@pytest.fixture(autouse=True)
def weather() -> Weather:
    WEATHER.__init__()  # type: ignore[misc] # the steps are declared once, their weather is new in every test
    return WEATHER


@step("Level the ground")
async def level(request: AppRequest, job: JobContext) -> Ground:
    WEATHER.built.append("ground")
    return Ground(name=f"{request.slug} {job.id}")


@step("Raise the wall", patience=timedelta(minutes=10))
async def raise_wall(ground: Ground) -> Wall:
    WEATHER.meet()
    WEATHER.built.append("wall")
    return Wall(stands_on=ground.name)


@step("Put in the window")
async def put_in_window(ground: Ground) -> Window:
    WEATHER.built.append("window")
    return Window(looks_at=ground.name)


@step("Finish the house")
async def finish(wall: Wall, window: Window) -> House:
    WEATHER.built.append("house")
    return House(parts=len({type(wall), type(window)}))


@step("Ask somebody who never answers")
async def never_answered(request: AppRequest) -> Ground:
    await asyncio.Event().wait()
    return Ground(name="never")


STEPS = (finish, dataclasses.replace(raise_wall, tries=3), put_in_window, level)
BUILDING = Pipeline(kind="new-app", request=AppRequest, steps=STEPS, approval_step="level")


@pytest.fixture
async def world() -> World:
    world = World({"new-app": BUILDING})
    await world.jobs.create(a_job())
    return world


async def test_steps_run_in_the_order_of_their_facts_not_of_the_list(world: World) -> None:
    job = await world.advance(a_job())

    assert WEATHER.built[0] == "ground"
    assert WEATHER.built[-1] == "house"
    assert job.state is JobState.DONE
    assert job.step("finish").fact == {"parts": 2}
    assert job.step("level").fact == {"name": "hello-world job00001"}


async def test_a_job_that_waits_is_put_aside_while_other_branches_go_on(world: World) -> None:
    WEATHER.troubles = [NotYet("the mortar to dry", 5 * SECOND)]

    job = await world.advance(a_job())

    assert job.state is JobState.WAITING
    assert job.step("raise_wall").reason == "the mortar to dry"
    assert job.step("put_in_window").state is StepState.DONE
    assert world.scheduler.nudges == [("job00001", NOON + 5 * SECOND)]


async def test_a_job_goes_on_where_it_waited_and_does_nothing_twice(world: World) -> None:
    WEATHER.troubles = [NotYet("the mortar to dry", 5 * SECOND)]
    await world.advance(a_job())

    job = await world.advance(a_job(), by=5 * SECOND)

    assert job.state is JobState.DONE
    assert sorted(WEATHER.built) == ["ground", "house", "wall", "window"]


def test_the_pause_of_a_step_whose_turn_has_not_come_again_wakes_nobody() -> None:
    waiting = StepRecord(state=StepState.WAITING, look_at=NOON + MINUTE)
    left = StepRecord(state=StepState.RETRYING, look_at=NOON - MINUTE)
    job = a_job(steps={"level": waiting, "raise_wall": left})

    assert next_look(course_of(BUILDING, job), job, now=NOON) == NOON + MINUTE


async def test_looking_too_early_at_a_waiting_job_changes_nothing(world: World) -> None:
    WEATHER.troubles = [NotYet("the mortar to dry", 5 * SECOND)]
    before = await world.advance(a_job())

    after = await world.advance(a_job(), by=SECOND)

    assert after == before


async def test_a_signal_ends_a_wait_early(world: World) -> None:
    WEATHER.troubles = [NotYet("the mortar to dry", timedelta(minutes=5))]
    await world.advance(a_job())

    await world.jobs.signal("job00001")
    job = await world.advance(a_job(), by=SECOND)

    assert job.state is JobState.DONE


async def test_waits_without_a_time_grow_with_the_time_waited(world: World) -> None:
    WEATHER.troubles = [NotYet("rain to stop")] * 3
    first = await world.advance(a_job())
    second = await world.advance(a_job(), by=timedelta(seconds=60))

    pauses = [(job.step("raise_wall").look_at or NOON) for job in (first, second)]
    assert pauses == [NOON + SECOND, NOON + timedelta(seconds=60 + 12)]


async def test_the_same_wait_is_in_the_history_once(world: World) -> None:
    WEATHER.troubles = [NotYet("rain to stop")] * 3
    for _ in range(3):
        await world.advance(a_job(), by=timedelta(minutes=1))

    waits = [e for e in await world.jobs.history("job00001") if e.detail == "rain to stop"]
    assert len(waits) == 1


async def test_patience_ends_and_says_what_was_waited_for(world: World) -> None:
    WEATHER.troubles = [NotYet("rain to stop")] * 9
    await world.advance(a_job())

    job = await world.advance(a_job(), by=timedelta(minutes=11))

    assert job.state is JobState.FAILED
    assert "10 minutes it was still waiting for rain to stop" in job.step("raise_wall").reason
    assert job.step("raise_wall").fix


async def test_a_temporary_error_is_tried_again_after_a_growing_random_pause(world: World) -> None:
    WEATHER.troubles = [TemporaryError("Storm."), TemporaryError("Storm.")]
    first = await world.advance(a_job())
    second = await world.advance(a_job(), by=SECOND)
    third = await world.advance(a_job(), by=2 * SECOND)

    assert first.step("raise_wall").state is StepState.RETRYING
    assert first.step("raise_wall").look_at == NOON + SECOND
    assert second.step("raise_wall").look_at == NOON + 3 * SECOND
    assert third.state is JobState.DONE


async def test_a_retry_after_is_the_least_that_is_waited(world: World) -> None:
    WEATHER.troubles = [TemporaryError("Busy.", timedelta(seconds=30))]

    job = await world.advance(a_job())

    assert (job.step("raise_wall").look_at or NOON) >= NOON + timedelta(seconds=30)


async def test_tries_end_and_the_job_fails_with_what_to_do(world: World) -> None:
    WEATHER.troubles = [TemporaryError("Storm.")] * 9

    for _ in range(4):
        job = await world.advance(a_job(), by=timedelta(minutes=1))

    assert job.state is JobState.FAILED
    assert job.step("raise_wall").reason.startswith("Storm. That happened 3 times")


async def test_an_attempt_that_hangs_is_given_up_and_tried_again() -> None:
    hangs = dataclasses.replace(never_answered, longest_attempt=timedelta(milliseconds=10))
    pipeline = Pipeline(
        kind="new-app", request=AppRequest, steps=(hangs,), approval_step=hangs.name
    )
    world = World({"new-app": pipeline})
    await world.jobs.create(a_job())

    job = await world.advance(a_job())

    record = job.step(hangs.name)
    assert record.state is StepState.RETRYING
    assert record.reason.endswith("so the attempt was given up.")
    assert world.scheduler.nudges == [("job00001", record.look_at)]


def test_every_step_and_every_way_back_has_a_bound_for_an_attempt() -> None:
    steps = [step for each in PIPELINES.values() for step in (*each.steps, *each.undos)]

    assert {step.longest_attempt for step in steps} == {timedelta(minutes=2)}


async def test_a_time_that_runs_out_inside_of_a_step_is_no_hanging_attempt(world: World) -> None:
    WEATHER.troubles = [TimeoutError()]

    job = await world.advance(a_job())

    assert job.state is JobState.FAILED


async def test_a_permanent_error_fails_the_job_at_once_with_cause_and_fix(world: World) -> None:
    WEATHER.troubles = [PermanentError("The hill is rock.", "Bring dynamite.")]

    job = await world.advance(a_job())

    record = job.step("raise_wall")
    assert (job.state, record.reason, record.fix) == (
        JobState.FAILED,
        "The hill is rock.",
        "Bring dynamite.",
    )
    assert world.told() == ["card", "failed:raise_wall:20260302T120000.000000"]


FORBIDDEN = "GitLab does not let the bot build a wall: 403 Forbidden"


async def test_a_known_cause_brings_its_own_advice_and_the_answers_that_would_mend_it(
    world: World,
) -> None:
    taken = "GitLab could not build a wall: path has already been taken."
    WEATHER.troubles = [PermanentError(taken, "Do something.")]

    record = (await world.advance(a_job())).step("raise_wall")

    assert (record.reason, record.cause) == (taken, "gitlab-name-taken")
    assert record.fix.startswith("Choose another name")
    assert record.fields == ("name",)


async def test_what_the_error_says_of_the_answers_at_fault_is_kept(world: World) -> None:
    taken = "GitLab could not build a wall: path has already been taken."
    WEATHER.troubles = [PermanentError(taken, "Do something.", fields=("hostname",))]

    record = (await world.advance(a_job())).step("raise_wall")

    assert record.fields == ("hostname",)


async def test_what_is_known_of_a_temporary_error_is_told_when_its_tries_are_used_up(
    world: World,
) -> None:
    deleting = "GitLab could not build a wall yet: The project is still being deleted."
    WEATHER.troubles = [TemporaryError(deleting)] * 9

    for _ in range(4):
        job = await world.advance(a_job(), by=MINUTE)

    record = job.step("raise_wall")
    assert (record.state, record.cause) == (StepState.FAILED, "gitlab-name-still-held")
    assert record.fields == ("name",)


async def test_a_wait_for_a_known_trouble_says_so_until_it_is_over(world: World) -> None:
    WEATHER.troubles = [NotYet(FORBIDDEN), NotYet("the mortar to dry")]
    troubled = (await world.advance(a_job())).step("raise_wall")
    patient = (await world.advance(a_job(), by=MINUTE)).step("raise_wall")
    done = (await world.advance(a_job(), by=MINUTE)).step("raise_wall")

    assert (troubled.state, troubled.cause) == (StepState.WAITING, "gitlab-role-too-low")
    assert "Owner" in troubled.fix
    assert (patient.cause, patient.fix) == ("", "")
    assert (done.cause, done.fix, done.fields) == ("", "", ())


async def test_a_wait_that_ends_in_a_failure_says_what_is_known_of_it(world: World) -> None:
    WEATHER.troubles = [NotYet(FORBIDDEN)] * 2
    await world.advance(a_job())

    record = (await world.advance(a_job(), by=11 * MINUTE)).step("raise_wall")

    assert (record.state, record.cause) == (StepState.FAILED, "gitlab-role-too-low")
    assert "Owner" in record.fix


async def test_one_known_trouble_in_ever_new_words_is_in_the_history_once(world: World) -> None:
    WEATHER.troubles = [NotYet(f"{FORBIDDEN} ({n})") for n in range(3)]
    for _ in range(3):
        await world.advance(a_job(), by=MINUTE)

    waits = [e for e in await world.jobs.history("job00001") if e.what == StepState.WAITING]
    assert [wait.step for wait in waits if wait.step] == ["raise_wall"]


async def test_an_error_without_a_name_fails_the_job_in_plain_words(world: World) -> None:
    WEATHER.troubles = [ZeroDivisionError("division by zero")]

    job = await world.advance(a_job())

    assert job.state is JobState.FAILED
    assert "ZeroDivision" not in job.step("raise_wall").reason
    assert "division" not in job.step("raise_wall").reason


async def test_a_retry_runs_the_failed_step_and_what_follows_alone(world: World) -> None:
    WEATHER.troubles = [PermanentError("The hill is rock.", "Bring dynamite.")]
    await world.advance(a_job())

    answer = await world.jobs.retry("job00001", by=ADA, at=world.now())
    job = await world.advance(a_job())

    assert answer is Answer.ACCEPTED
    assert job.state is JobState.DONE
    assert WEATHER.built.count("ground") == 1


async def test_a_step_that_fails_again_after_a_retry_is_told_of_again(world: World) -> None:
    for _ in range(2):
        WEATHER.troubles = [PermanentError("The hill is rock.", "Bring dynamite.")]
        await world.advance(a_job(), by=MINUTE)
        await world.jobs.retry("job00001", by=ADA, at=world.now())

    assert world.told() == [
        "card",
        "failed:raise_wall:20260302T120100.000000",
        "failed:raise_wall:20260302T120200.000000",
    ]


async def test_a_declined_request_ends_as_cancelled_and_says_why(world: World) -> None:
    WEATHER.troubles = [Declined("The neighbours said no.")]

    job = await world.advance(a_job())

    assert (job.state, job.ending) == (JobState.CANCELLED, "The neighbours said no.")
    assert world.told() == ["card", "cancelled"]


async def test_a_cancelled_job_begins_no_further_step(world: World) -> None:
    WEATHER.troubles = [NotYet("the mortar to dry", 5 * SECOND)]
    await world.advance(a_job())
    await world.jobs.cancel("job00001", by=ADA, at=world.now())

    job = await world.advance(a_job(), by=10 * SECOND)

    assert (job.state, job.ending) == (JobState.CANCELLED, "Cancelled by Ada.")
    assert "wall" not in WEATHER.built


async def test_a_job_that_was_found_held_is_swept_when_that_lease_has_run_out(
    world: World,
) -> None:
    await world.jobs.acquire("job00001", now=NOON)

    await world.runner.advance("job00001")
    world.clock.advance(timedelta(seconds=10))
    await world.runner.sweep()
    too_early = list(world.scheduler.nudges)
    world.clock.advance(timedelta(seconds=1))
    await world.runner.sweep()

    assert WEATHER.built == []
    assert too_early == []
    assert world.scheduler.nudges == [("job00001", None)]


async def test_a_job_that_even_the_sweep_would_miss_is_found(world: World) -> None:
    WEATHER.troubles = [NotYet("the mortar to dry", timedelta(days=3))]
    await world.advance(a_job())
    await world.jobs.signal("job00001")
    world.scheduler.nudges.clear()

    await world.runner.sweep()
    missed = list(world.scheduler.nudges)
    await world.runner.look_for_overlooked()

    assert (missed, world.scheduler.nudges) == ([], [("job00001", None)])


async def test_a_step_that_was_begun_by_a_killed_worker_is_run_again(world: World) -> None:
    lease = await world.jobs.acquire("job00001", now=NOON)
    assert lease
    assert not isinstance(lease, Busy)
    begun = a_job().step("level").evolve(state=StepState.RUNNING, attempts=1)
    await lease.write_step("level", begun, what="began", at=NOON)

    job = await world.advance(a_job(), by=timedelta(seconds=11))

    assert job.state is JobState.DONE
    assert job.step("level").attempts == 2


async def test_a_stopping_worker_ends_its_steps_and_hands_the_job_over(world: World) -> None:
    world.runner.stop()

    job = await world.advance(a_job())

    assert WEATHER.built == []
    assert job.state is JobState.RUNNING
    assert world.scheduler.nudges == [("job00001", None)]
    assert not isinstance(await world.jobs.acquire("job00001", now=NOON), Busy)


async def test_an_ended_and_announced_job_is_never_due_again(world: World) -> None:
    await world.advance(a_job())

    assert await world.jobs.due(now=NOON + timedelta(days=1)) == []
    assert world.told() == ["card", "done"]


async def test_people_are_told_later_when_slack_was_down_and_the_job_is_done_all_the_same(
    world: World,
) -> None:
    for _ in range(9):
        world.announcer.fail_next(TemporaryError("Slack is down."))

    job = await world.advance(a_job())
    untold = world.told()
    world.announcer._waiting.clear()
    await world.advance(a_job(), by=timedelta(minutes=1))

    assert job.state is JobState.DONE
    assert untold == []
    assert world.told() == ["card", "done"]


async def test_a_job_lets_go_of_its_names_when_it_ends_although_nobody_can_be_told(
    world: World,
) -> None:
    await world.jobs.reserve({"host": "hello"}, job_id="job00001", now=NOON)
    for _ in range(9):
        world.announcer.fail_next(TemporaryError("Slack is down."))

    await world.advance(a_job())

    assert await world.jobs.holder("host", "hello") is None


REFUSED = PermanentError("Slack refused (is_archived).", "Ask elsewhere.")


@pytest.mark.parametrize(("skips", "told"), [(0, ["failed"]), (1, ["card"])])
async def test_what_slack_refuses_for_good_is_not_offered_again_and_holds_up_nothing(
    world: World, skips: int, told: list[str]
) -> None:
    WEATHER.troubles = [PermanentError("The hill is rock.", "Bring dynamite.")]
    world.announcer.fail_next(REFUSED, call="post", skips=skips)

    await world.advance(a_job())
    await world.advance(a_job(), by=MINUTE)

    assert [key.partition(":")[0] for key in world.told()] == told
    assert await world.jobs.due(now=NOON + timedelta(days=1)) == []


async def test_a_card_that_slack_will_not_change_keeps_no_job_busy(world: World) -> None:
    for _ in range(9):
        world.announcer.fail_next(REFUSED, call="redraw")

    job = await world.advance(a_job())

    assert job.state is JobState.DONE
    assert world.told() == ["card", "done"]
    assert await world.jobs.due(now=NOON + timedelta(days=1)) == []


class Broken(MemoryAnnouncer):
    """Drawing meets what nobody has foreseen."""

    is_mended = False

    @override
    async def redraw(self, job: Job, card: MessageRef) -> None:
        if not self.is_mended:
            raise KeyError("a field")
        await super().redraw(job, card)


async def test_an_error_in_drawing_holds_up_no_work_and_the_card_is_drawn_when_it_is_mended(
    world: World,
) -> None:
    announcer = Broken()
    world.runner._announcer = announcer

    job = await world.advance(a_job())
    due_at = world.jobs.due_at[job.id]
    announcer.is_mended = True
    await world.advance(a_job(), by=MINUTE)

    assert (job.state, due_at) == (JobState.DONE, NOON + 15 * SECOND)
    assert announcer.posted[0].job.state is JobState.DONE
    assert await world.jobs.due(now=NOON + timedelta(days=1)) == []


async def test_a_message_that_was_posted_before_the_worker_died_is_not_posted_again(
    world: World,
) -> None:
    world.announcer.fail_next(TemporaryError("The answer was lost."), after_effect=True)

    await world.advance(a_job())
    await world.advance(a_job(), by=timedelta(minutes=1))

    assert world.told() == ["card", "done"]


class Overtaken(MemoryAnnouncer):
    """Looking for a message takes so long that another worker has the job by then."""

    world: World

    @override
    async def find(self, job: Job, notice: Notice) -> MessageRef | None:
        self.world.clock.advance(timedelta(seconds=11))
        assert await self.world.jobs.acquire(job.id, now=self.world.now())
        return None


async def test_a_worker_that_lost_the_job_while_it_looked_for_a_message_does_not_post_it(
    world: World,
) -> None:
    lease = await world.jobs.acquire("job00001", now=NOON)
    assert lease
    assert not isinstance(lease, Busy)
    await lease.write_message("card", None)
    world.clock.advance(timedelta(seconds=11))
    announcer = Overtaken()
    announcer.world = world
    world.runner._announcer = announcer

    await world.runner.advance("job00001")

    assert announcer.posted == []


async def test_the_card_ends_in_the_true_final_state(world: World) -> None:
    await world.advance(a_job())

    card = world.announcer.posted[0].job
    assert card.state is JobState.DONE
    assert card.version == world.jobs.jobs["job00001"].version


async def test_two_workers_at_once_do_everything_once(world: World) -> None:
    await asyncio.gather(world.runner.advance("job00001"), world.runner.advance("job00001"))

    assert sorted(WEATHER.built) == ["ground", "house", "wall", "window"]
    assert world.told() == ["card", "done"]


async def test_a_job_that_was_lost_sight_of_is_nudged(world: World) -> None:
    world.clock.advance(timedelta(minutes=1))

    await world.runner.sweep()

    assert world.scheduler.nudges == [("job00001", None)]


async def test_a_job_of_another_version_is_let_go_of_at_once_and_looked_at_again_in_a_minute(
    world: World,
) -> None:
    world.jobs.unreadable.add("job00001")

    with structlog.testing.capture_logs() as lines:
        await world.runner.advance("job00001")
        for _ in range(60):
            world.clock.advance(SECOND)
            await world.runner.sweep()

    assert [line["event"] for line in lines] == ["job.unreadable"]
    assert world.scheduler.nudges == []
    assert world.jobs.leases == {}
    world.clock.advance(SECOND)
    await world.runner.sweep()
    assert world.scheduler.nudges == [("job00001", None)]


class Updated(MemoryAnnouncer):
    """While a message is posted, a worker of a newer version has the job, and lets go of it again."""

    world: World

    @override
    async def post(self, job: Job, notice: Notice) -> MessageRef:
        self.world.jobs.unreadable.add(job.id)
        return await super().post(job, notice)


async def test_a_job_that_cannot_be_read_any_more_in_the_midst_of_work_goes_on_where_it_can(
    world: World,
) -> None:
    announcer = Updated()
    announcer.world = world
    world.runner._announcer = announcer
    await world.runner.advance("job00001")
    assert world.jobs.leases == {}
    world.runner._announcer = world.announcer
    world.jobs.unreadable.clear()

    job = await world.advance(a_job())

    assert job.state is JobState.DONE
    assert sorted(WEATHER.built) == ["ground", "house", "wall", "window"]


@step("Build on nothing")
async def build_on_nothing(wall: Wall) -> Wall:
    return wall


@step("Build another wall")
async def build_another_wall(ground: Ground) -> Wall:
    return Wall(stands_on=ground.name)


@pytest.mark.parametrize(
    ("steps", "complaint"),
    [
        ((level, raise_wall, build_another_wall), "same fact"),
        ((raise_wall,), "needs “ground”, which 0 steps make"),
        ((level, build_on_nothing), "need each other"),
        ((raise_wall, level), "no step approve"),
    ],
)
def test_steps_that_do_not_fit_together_are_refused_at_start(
    steps: tuple[object, ...], complaint: str
) -> None:
    approval = "approve" if "approve" in complaint else "level"
    if "0 steps" in complaint:
        approval = "raise_wall"

    with pytest.raises(PipelineBroken, match=complaint):
        Pipeline(kind="x", request=AppRequest, steps=steps, approval_step=approval)  # type: ignore[arg-type] # generic steps in a table


async def _tear_down(window: Window) -> Wall:
    return Wall(stands_on=window.looks_at)


@pytest.mark.parametrize(
    ("taken_back", "complaint"),
    [(raise_wall, "put_in_window makes, which may not be there"), (finish, "no step finish")],
)
def test_an_undo_is_refused_that_could_not_run_whenever_its_step_has_begun(
    taken_back: Step[Any], complaint: str
) -> None:
    tear_down = undo(taken_back, "Tear it down")(_tear_down)
    steps = (level, raise_wall, put_in_window)

    with pytest.raises(PipelineBroken, match=complaint):
        Pipeline(
            kind="x", request=AppRequest, steps=steps, approval_step="level", undos=(tear_down,)
        )
