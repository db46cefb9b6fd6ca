"""One attempt at one step: the intent, the work, and what came of it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from bot.domain.errors import Declined, NotYet, PermanentError, PlanAgain, TemporaryError
from bot.domain.job import Job, StepRecord, StepState
from bot.domain.value import Value
from bot.pipeline.pipeline import Pipeline
from bot.pipeline.progress import (
    NO_TROUBLE,
    Random,
    after_not_yet,
    after_permanent,
    after_temporary,
    in_words,
)
from bot.pipeline.step import Step
from bot.pipeline.voiding import voided_by
from bot.pipeline.wiring import arguments
from bot.ports.bundle import Ports
from bot.ports.job_store import Lease
from bot.ports.telemetry import Telemetry

log = structlog.get_logger()

_UNFORESEEN = PermanentError(
    "Something went wrong inside idp-bot that it has no words for.",
    "Press Retry; if it happens again, give the platform team this job's id.",
)
_UNSTEADY = (
    "Have what keeps changing settled, the template, a setting or who has to agree, then retry."
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What it takes to try a step; `run` tries it once and stores the outcome under the lease."""

    lease: Lease
    pipeline: Pipeline
    step: Step[Any]
    ports: Ports
    random: Random
    telemetry: Telemetry

    async def run(self, job: Job) -> None:
        """Write the intent, do the work, write the outcome.

        Raises:
            LeaseLost: another worker has taken the job over; nothing was written.
        """
        before = job.step(self.step.name)
        with (
            structlog.contextvars.bound_contextvars(step=self.step.name),
            self.telemetry.attempt(job, self.step.name) as came_to,
        ):
            begun = await self._begin(before)
            try:
                after = await self._outcome(begun, job)
            except PlanAgain as error:
                came_to(await self._plan_again(begun, job, why=error.why))
                return
            await self._void_what_changed(job, after)
            await self._write(after, what=_what(before, after))
            came_to(after)

    async def _begin(self, before: StepRecord) -> StepRecord:
        now = self.ports.clock()
        begun = before.evolve(attempts=before.attempts + 1, started_at=before.started_at or now)
        if before.state is StepState.WAITING:
            return begun  # its effect, if it has one, is behind it: this is only another look
        begun = begun.evolve(state=StepState.RUNNING, look_at=None, **NO_TROUBLE)
        await self._write(begun, what="began")
        return begun

    async def _plan_again(self, begun: StepRecord, job: Job, *, why: str) -> StepRecord:
        """Begin again with the plan; what comes out differently each time, as a template may, must not do that for ever."""
        if begun.attempts >= self.step.tries:
            unsteady = PermanentError(why, _UNSTEADY)
            after = after_permanent(begun, self.step, unsteady, now=self.ports.clock())
            await self._write(after, what=str(after.state))
            return after
        plan, at = job.step(self.pipeline.plan_step.name), self.ports.clock()
        after = begun.evolve(state=StepState.PENDING, look_at=None, waiting_since=None)
        records = {
            self.pipeline.plan_step.name: StepRecord(started_at=plan.started_at, fact=plan.fact),
            self.pipeline.approval_step: StepRecord(),
            self.step.name: after,
        }
        await self.lease.write_steps(
            records, step=self.step.name, what="planned-again", detail=why, at=at
        )
        return after

    async def _void_what_changed(self, job: Job, after: StepRecord) -> None:
        """Before a new plan is there, those who agreed to another one are set aside: a crash between asks them again."""
        if self.step is self.pipeline.plan_step and after.state is StepState.DONE:
            voiding = voided_by(self.pipeline, job, after, now=self.ports.clock())
            if voiding:
                await self.lease.void(voiding)

    async def _outcome(self, begun: StepRecord, job: Job) -> StepRecord:
        given = arguments(self.pipeline, self.step, job, self.ports)
        try:
            fact = await self._made(given)
        except NotYet as error:
            return after_not_yet(begun, self.step, error, now=self.ports.clock())
        except TemporaryError as error:
            now = self.ports.clock()
            return after_temporary(begun, self.step, error, now=now, random=self.random)
        except PermanentError as error:
            return after_permanent(begun, self.step, error, now=self.ports.clock())
        except Declined as error:
            now = self.ports.clock()
            return begun.evolve(
                state=StepState.DECLINED,
                finished_at=now,
                look_at=None,
                **{**NO_TROUBLE, "reason": error.why},
            )
        except PlanAgain:
            raise
        except Exception:
            log.exception("job.step_broke")
            return after_permanent(begun, self.step, _UNFORESEEN, now=self.ports.clock())
        return begun.evolve(
            state=StepState.DONE,
            finished_at=self.ports.clock(),
            look_at=None,
            waiting_since=None,
            **NO_TROUBLE,
            fact=fact.model_dump(mode="json"),
        )

    async def _made(self, given: Mapping[str, Any]) -> Value:
        """The step's fact, in bounded time: an attempt that hangs would keep the job from every other worker.

        Raises:
            TemporaryError: it took too long; what it had begun is found by the next attempt, which looks first.
        """
        longest = self.step.longest_attempt
        try:
            async with asyncio.timeout(longest.total_seconds()) as bound:
                return await self.step.make(**given)  # type: ignore[no-any-return] # a step of any fact
        except TimeoutError as error:
            if not bound.expired():
                raise
            raise TemporaryError(
                f"This took longer than {in_words(longest)}, so the attempt was given up."
            ) from error

    async def _write(self, record: StepRecord, *, what: str) -> None:
        await self.lease.write_step(self.step.name, record, what=what, at=self.ports.clock())


def _what(before: StepRecord, after: StepRecord) -> str:
    """The entry in the history; none while the same wait goes on, in whichever words a known cause is put."""
    if not before.state is after.state is StepState.WAITING:
        return str(after.state)
    is_same = before.reason == after.reason or (before.cause and before.cause == after.cause)
    return "" if is_same else str(after.state)
