"""One run of a pipeline: what it was asked, how far each step is, and what was said about it."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import JsonValue

from bot.domain.approval import Decision, Voiding
from bot.domain.authors import Authors
from bot.domain.break_glass import Review, broken_glass, review_due, unreviewed_glass
from bot.domain.digest import digest_of
from bot.domain.entities import EntityRef, Person
from bot.domain.request import Request
from bot.domain.value import Value


class JobState(StrEnum):
    """Where a job stands. The last four are ends; `failed` can be left by a retry, `failed` and `cancelled` by an undo."""

    RUNNING = "running"
    WAITING_APPROVAL = "waiting-approval"
    WAITING = "waiting"
    UNDOING = "undoing"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNDONE = "undone"

    @property
    def is_end(self) -> bool:
        """Whether nothing happens any more unless a person asks for it."""
        return self in {JobState.DONE, JobState.FAILED, JobState.CANCELLED, JobState.UNDONE}


class StepState(StrEnum):
    """Where a step stands. `running` is the intent, written before the effect: after a crash it means "look first".

    `declined` is an end without a fault: people said no, or nobody answered.
    """

    PENDING = "pending"
    RUNNING = "running"
    WAITING = "waiting"
    RETRYING = "retrying"
    DONE = "done"
    FAILED = "failed"
    DECLINED = "declined"


class StepRecord(Value):
    """What is stored of a step.

    `reason` is what it waits for, what went wrong last, or why it failed, depending on the state; `look_at` is when it
    is looked at again if no event comes first. `cause` names the known cause of a wait or a failure, where it is one;
    `fields` are the form's properties that are at fault for it.
    """

    state: StepState = StepState.PENDING
    attempts: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    waiting_since: datetime | None = None
    look_at: datetime | None = None
    reason: str = ""
    cause: str = ""
    fix: str = ""
    fields: tuple[str, ...] = ()
    fact: JsonValue = None

    @property
    def made(self) -> str:
        """The digest of its fact; empty while there is none."""
        return "" if self.fact is None else digest_of(self.fact)

    def evolve(self, **changes: Any) -> "StepRecord":
        """A copy with some fields changed, validated anew."""
        return StepRecord.model_validate({**dict(self), **changes})


class MessageRef(Value):
    """Where a message stands in Slack: the conversation and the message's timestamp, which is its id there.

    `permalink` is its address for people, where Slack told it. `shows` is the digest of what it says, for a message
    that is kept up to date by what it says and not by the job's version.
    """

    channel: str
    ts: str
    permalink: str = ""
    shows: str = ""

    @property
    def is_there(self) -> bool:
        """Whether there is a message."""
        return bool(self.ts)

    @property
    def is_direct(self) -> bool:
        """Whether it stands in direct messages, by how Slack's ids of these begin."""
        return self.channel.startswith("D")


NOWHERE = MessageRef(channel="", ts="")
"""Where a message stands that was refused for good, that nobody is there to read, or that nobody needs any more."""


class Fix(Value):
    """Other answers to what a form asked, given after a failure, and what they do to what was made so far.

    `request` is what is asked for from now on. The steps in `taken_back` made something that would stand elsewhere, so
    it is taken back first; those in `begun_anew` run again, and make what stands in place fit: `amended` has, by step,
    the parts of it that change. `changed` tells the answers themselves, for the history.
    """

    request: Request
    taken_back: tuple[str, ...]
    begun_anew: tuple[str, ...]
    amended: Mapping[str, tuple[str, ...]]
    by: Person
    changed: str = ""


class HelpAsked(Value):
    """Somebody asked the platform team to look at a failed job.

    `words` are what they should know besides. They are told in `channel`; without one, the members of `group` one by one.
    """

    by: Person
    at: datetime
    group: EntityRef
    channel: str = ""
    words: str = ""


UNDO = "undo:"
"""How the names of steps begin that take back other ones."""

_UNDER_WAY = frozenset({StepState.RUNNING, StepState.WAITING, StepState.RETRYING})


class Job(Value):
    """A snapshot of a job as the store holds it.

    `version` counts every change that is in the history; `signals` counts what reached the job from outside
    (decisions, webhooks) and `seen_signals` how many of them a worker has acted on, so that none is lost while the
    job is being put aside. `shown_version` is the one that the card shows, `audited_version` the one up to which the
    audit tells. `messages` are the notices posted, by key, with None for one whose posting was begun and may or may
    not have happened. `cancelled_by` names who asked for a stop, `undo_by` who asked to take everything back.
    `decisions` are all that approvers gave to the plan as it is, `decision` the one that settled it; `voided` are those
    that were given to a plan that has changed since. `fix` is there while what no longer fits is taken back; `amended`
    has what fixes have changed in things that stand, by step, `changed_by` who gave those other answers. Where a
    decision broke the glass, `review` is what was said to it afterwards, and `review_overdue_at` when it was found that
    nobody had in time. `help_asked` is each time that the platform team was asked.
    """

    id: str
    request: Request
    channel: str
    state: JobState
    created_at: datetime
    finished_at: datetime | None = None
    ending: str = ""
    version: int = 0
    signals: int = 0
    seen_signals: int = 0
    shown_version: int = -1
    audited_version: int = 0
    cancelled_by: str = ""
    undo_by: str = ""
    steps: Mapping[str, StepRecord] = {}
    decisions: tuple[Decision, ...] = ()
    decision: Decision | None = None
    voided: tuple[Voiding, ...] = ()
    fix: Fix | None = None
    amended: Mapping[str, tuple[str, ...]] = {}
    changed_by: tuple[Person, ...] = ()
    review: Review | None = None
    review_overdue_at: datetime | None = None
    help_asked: tuple[HelpAsked, ...] = ()
    messages: Mapping[str, MessageRef | None] = {}

    @property
    def is_private(self) -> bool:
        """Whether only those may know of it whom it concerns; other answers count from when they were given."""
        return self.request.is_private or bool(self.fix and self.fix.request.is_private)

    @property
    def is_stopping(self) -> bool:
        """Whether no further step may begin, as somebody asked for a stop and nothing is to be taken back."""
        return bool(self.cancelled_by) and not self.undo_by

    @property
    def unreviewed_glass(self) -> Decision | None:
        """The broken glass that somebody still has to review, also if what it was broken for has changed since."""
        return unreviewed_glass(self.given, self.review)

    @property
    def broken_glass(self) -> Decision | None:
        """By whom it was let go ahead without approval, the last time that it was."""
        return broken_glass(self.given)

    @property
    def given(self) -> tuple[Decision, ...]:
        """All decisions, those that do not hold any more first."""
        return (*(each for void in self.voided for each in void.decisions), *self.decisions)

    @property
    def is_review_overdue(self) -> bool:
        """Whether the review that is still open was found to be late."""
        broken, found = self.unreviewed_glass, self.review_overdue_at
        return bool(broken and found and found >= broken.at)

    @property
    def review_due_at(self) -> datetime | None:
        """When the review that is open will be overdue; None where none is open, or it is found overdue already."""
        broken = self.unreviewed_glass
        return review_due(broken) if broken and not self.is_review_overdue else None

    @property
    def to_retry(self) -> Mapping[str, StepRecord]:
        """The failed steps that a retry begins anew."""
        return {
            name: record
            for name, record in self.steps.items()
            if record.state is StepState.FAILED and name.startswith(UNDO) is self.goes_back
        }

    def after_retry(self, *, also: str = "") -> Mapping[str, StepRecord]:
        """The records that a retry changes, on the way ahead also that of a step that is done.

        What failed begins anew; what was left under way goes on with all its time and tries, for nobody looked at it
        since. A wait keeps the time of its next look, which says how far an approval has come; the retry ends it anyway.
        """
        again = dict(self.to_retry)
        if self.step(also).state is StepState.DONE and not self.goes_back:
            again[also] = self.step(also)
        begun_anew = {n: StepRecord(started_at=r.started_at) for n, r in again.items()}
        left = {
            name: record.evolve(
                attempts=0,
                waiting_since=None,
                look_at=record.look_at if record.state is StepState.WAITING else None,
            )
            for name, record in self.steps.items()
            if record.state in _UNDER_WAY and name.startswith(UNDO) is self.goes_back
        }
        return {**begun_anew, **left}

    @property
    def after_undo(self) -> Mapping[str, StepRecord]:
        """The records that an undo changes: what the way back of a fix has failed at begins anew."""
        return self.after_retry() if self.fix else {}

    @property
    def goes_back(self) -> bool:
        """Whether the steps that run now are those that take others back."""
        return bool(self.undo_by or self.fix)

    @property
    def authors(self) -> Authors:
        """Whose wish the request is by now."""
        return Authors(requester=self.request.requester, changed_by=self.changed_by)

    def changed_with(self, fix: Fix) -> tuple[Person, ...]:
        """Who has given other answers, with this fix."""
        others = (each for each in self.changed_by if each.user != fix.by.user)
        return (*others, fix.by)

    def amended_by(self, fix: Fix) -> Mapping[str, tuple[str, ...]]:
        """What fixes have changed in things that stand, with this one; what is taken back is made as new."""
        merged = {
            step: tuple(dict.fromkeys((*self.amended.get(step, ()), *fix.amended.get(step, ()))))
            for step in (*self.amended, *fix.amended)
        }
        return {step: parts for step, parts in merged.items() if step not in fix.taken_back}

    @property
    def can_be_fixed(self) -> bool:
        """Whether other answers to the form may mend it."""
        failed_ahead = self.state is JobState.FAILED and not self.goes_back
        return failed_ahead and any(record.fields for record in self.to_retry.values())

    @property
    def help_on_its_way(self) -> HelpAsked | None:
        """Who asked the platform team about the failure at hand, if somebody did; about another failure one may ask again."""
        asked = self.help_asked[-1] if self.help_asked else None
        is_of_now = asked and self.finished_at and asked.at >= self.finished_at
        return asked if self.state is JobState.FAILED and is_of_now else None

    @property
    def can_be_helped(self) -> bool:
        """Whether the platform team may be asked to look at it."""
        return self.state is JobState.FAILED and not self.help_on_its_way

    @property
    def fields_at_fault(self) -> tuple[str, ...]:
        """The form's properties that failed steps blame."""
        blamed = (field for record in self.to_retry.values() for field in record.fields)
        return tuple(dict.fromkeys(blamed))

    def has_taken_back(self, step: str) -> bool:
        """Whether what the step made is gone again."""
        return self.step(f"{UNDO}{step}").state is StepState.DONE

    @property
    def state_after_retry(self) -> JobState:
        """Where the job stands when its failed steps begin anew."""
        return JobState.UNDOING if self.undo_by else JobState.RUNNING

    @property
    def can_be_undone(self) -> bool:
        """Whether what it has made may be taken back, which is begun once."""
        return self.state in {JobState.FAILED, JobState.CANCELLED} and not self.undo_by

    @property
    def can_be_cancelled(self) -> bool:
        """Whether it may be asked to stop; the way back is gone to its end."""
        return not (self.state.is_end or self.cancelled_by or self.undo_by)

    def step(self, name: str) -> StepRecord:
        """The record of a step; one that nobody began is pending."""
        return self.steps.get(name) or StepRecord()
