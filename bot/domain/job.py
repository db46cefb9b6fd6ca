"""One run of a pipeline: what it was asked, how far each step is, and what was said about it."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import JsonValue

from bot.domain.approval import Decision
from bot.domain.request import Request
from bot.domain.value import Value


class JobState(StrEnum):
    """Where a job stands. The last three are ends, of which only `failed` can be left again, by a retry."""

    RUNNING = "running"
    WAITING_APPROVAL = "waiting-approval"
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_end(self) -> bool:
        """Whether nothing happens any more unless a person asks for it."""
        return self in {JobState.DONE, JobState.FAILED, JobState.CANCELLED}


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
    is looked at again if no event comes first.
    """

    state: StepState = StepState.PENDING
    attempts: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    waiting_since: datetime | None = None
    look_at: datetime | None = None
    reason: str = ""
    fix: str = ""
    fact: JsonValue = None

    def evolve(self, **changes: Any) -> "StepRecord":
        """A copy with some fields changed, validated anew."""
        return StepRecord.model_validate({**dict(self), **changes})


class MessageRef(Value):
    """Where a message stands in Slack: the conversation and the message's timestamp, which is its id there."""

    channel: str
    ts: str


class Job(Value):
    """A snapshot of a job as the store holds it.

    `version` counts every change that is in the history; `signals` counts what reached the job from outside
    (decisions, webhooks) and `seen_signals` how many of them a worker has acted on, so that none is lost while the job
    is being put aside. `shown_version` is the one that the card shows. `messages` are the notices posted, by key, with None for one whose posting was begun and may or
    may not have happened. `cancelled_by` names who asked for a stop. `decisions` are all
    that approvers gave, `decision` the one that settled it.
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
    cancelled_by: str = ""
    steps: Mapping[str, StepRecord] = {}
    decisions: tuple[Decision, ...] = ()
    decision: Decision | None = None
    messages: Mapping[str, MessageRef | None] = {}

    def step(self, name: str) -> StepRecord:
        """The record of a step; one that nobody began is pending."""
        return self.steps.get(name) or StepRecord()
