"""How a job is laid out in Redis: its keys, and the fields of its hash."""

import contextlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bot.domain.approval import Decision, Verdict, Voiding
from bot.domain.break_glass import Review, unreviewed_glass
from bot.domain.entities import Person
from bot.domain.job import Fix, HelpAsked, Job, JobState, MessageRef, StepRecord
from bot.ports.job_store import Event, Unreadable

DUE = "idp:due"
NEWEST = "idp:jobs"
NAMES = "idp:names"
FREEZE = "idp:freeze"

STATES = frozenset(JobState)
ENDS = frozenset(state for state in STATES if state.is_end)

ENDING = ("state", "finished_at", "decisions", "voided", "review")
"""The fields of a job that say whether it is over, as `is_over` takes them."""

_help = TypeAdapter(tuple[HelpAsked, ...])
_message = TypeAdapter(MessageRef | None)
_decisions = TypeAdapter(tuple[Decision, ...])
_voided = TypeAdapter(tuple[Voiding, ...])
_people = TypeAdapter(tuple[Person, ...])
_amended = TypeAdapter(Mapping[str, tuple[str, ...]])


def job_key(job_id: str) -> str:
    """The job's hash. All keys of one job share a hash tag, so that a script stays within one slot of a cluster."""
    return f"idp:{{{job_id}}}:job"


def lease_key(job_id: str) -> str:
    """Who holds the job, with the lease as the key's time to live."""
    return f"idp:{{{job_id}}}:lease"


def history_key(job_id: str) -> str:
    """The stream of what happened to the job."""
    return f"idp:{{{job_id}}}:history"


def mark_key(mark: str) -> str:
    """What was seen already, for as long as the key lives."""
    return f"idp:seen:{mark}"


def fields_of(job: Job) -> list[str]:
    """The fields of a new job's hash, flat."""
    return [
        *("id", job.id),
        *("request", job.request.model_dump_json()),
        *("channel", job.channel),
        *("state", job.state),
        *("created_at", job.created_at.isoformat()),
    ]


def state_fields(state: JobState, *, ending: str, finished_at: datetime | None) -> list[str]:
    """The fields that change with the job's state."""
    finished = finished_at.isoformat() if finished_at else ""
    return ["state", state, "ending", ending, "finished_at", finished]


def step_fields(step: str, record: StepRecord) -> list[str]:
    """The field that holds a step's record."""
    return [f"step:{step}", record.model_dump_json()]


def decision_fields(decisions: tuple[Decision, ...], *, is_settled: bool) -> list[str]:
    """The fields that hold what approvers said, and the last word once there is one."""
    fields = ["decisions", _decisions.dump_json(decisions).decode()]
    return [*fields, "decision", decisions[-1].model_dump_json()] if is_settled else fields


def voided_fields(voided: tuple[Voiding, ...]) -> list[str]:
    """The fields that change when decisions do not hold any more."""
    kept = _voided.dump_json(voided).decode()
    return ["decisions", "[]", "decision", "", "voided", kept]


def fix_fields(fix: Fix) -> list[str]:
    """The field that holds other answers until they are what is asked for."""
    return ["fix", fix.model_dump_json()]


def fixed_fields(job: Job, fix: Fix) -> list[str]:
    """The fields that change when the other answers are what is asked for."""
    return [
        *("fix", ""),
        *("request", fix.request.model_dump_json()),
        *("amended", _amended.dump_json(job.amended_by(fix)).decode()),
        *("changed_by", _people.dump_json(job.changed_with(fix)).decode()),
    ]


def review_fields(review: Review) -> list[str]:
    """The field that holds what was said to a broken glass afterwards."""
    return ["review", review.model_dump_json()]


def is_over(state: str, ended_at: str | None, *reviewing: str | None, before: datetime) -> bool:
    """Whether it ended before then and nothing is to be said to it any more; not where another version knows better."""
    if state not in ENDS or not ended_at or datetime.fromisoformat(ended_at) >= before:
        return False
    return not _lacks_review(*reviewing)


def _lacks_review(decisions: str | None, voided: str | None, review: str | None) -> bool:
    """Whether a glass was broken that nobody has reviewed yet; what a version wrote that knew of none is not read.

    Where it cannot be read, nobody is known to have reviewed it.
    """
    if not any(Verdict.BREAK_GLASS in (written or "") for written in (decisions, voided)):
        return False
    try:
        before = [each for void in _voided.validate_json(voided or "[]") for each in void.decisions]
        seen = Review.model_validate_json(review) if review else None
        given = (*before, *_decisions.validate_json(decisions or "[]"))
    except ValidationError:
        return True
    return unreviewed_glass(given, seen) is not None


def help_fields(asked: tuple[HelpAsked, ...]) -> list[str]:
    """The field that holds each time that the platform team was asked."""
    return ["help_asked", _help.dump_json(asked).decode()]


def message_fields(key: str, ref: MessageRef | None) -> list[str]:
    """The field that remembers a notice."""
    return [f"message:{key}", _message.dump_json(ref).decode()]


@contextlib.contextmanager
def reading(what: str) -> Iterator[None]:
    """Turn what does not fit into Unreadable, without its cause: that one quotes what was written.

    Args:
        what: what is read, as the beginning of a sentence.
    """
    try:
        yield
    except (KeyError, ValueError) as error:
        raise Unreadable(what, where=_where(error)) from None


def _where(error: KeyError | ValueError) -> str:
    if isinstance(error, KeyError):
        return f"{error.args[0]}: missing"
    if isinstance(error, ValidationError):
        found = error.errors(include_url=False, include_context=False, include_input=False)
        return "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['type']}" for each in found)
    return ""


def job_of(job_id: str, fields: Mapping[str, str]) -> Job:
    """Read a job's hash.

    Raises:
        Unreadable: another version of the bot wrote what this one does not know.
    """
    with reading(f"Job {job_id}"):
        return _job_of(fields)


def _job_of(fields: Mapping[str, str]) -> Job:
    plain: dict[str, Any] = {
        name: fields[name]
        for name in ("id", "channel", "state", "created_at", "version", "signals", "seen_signals")
    }
    plain |= {name: fields[name] for name in _OPTIONAL if fields.get(name)}
    return Job.model_validate(
        {
            **plain,
            "request": _json(fields["request"]),
            "decisions": _json(fields.get("decisions") or "[]"),
            "decision": _json(fields.get("decision") or "null"),
            "voided": _json(fields.get("voided") or "[]"),
            "fix": _json(fields.get("fix") or "null"),
            "amended": _json(fields.get("amended") or "{}"),
            "changed_by": _json(fields.get("changed_by") or "[]"),
            "review": _json(fields.get("review") or "null"),
            "help_asked": _json(fields.get("help_asked") or "[]"),
            "steps": {n: StepRecord.model_validate_json(v) for n, v in _prefixed(fields, "step:")},
            "messages": {n: _message.validate_json(v) for n, v in _prefixed(fields, "message:")},
        }
    )


_OPTIONAL = (
    "finished_at",
    "ending",
    "cancelled_by",
    "undo_by",
    "shown_version",
    "audited_version",
    "review_overdue_at",
)
_json = TypeAdapter(Any).validate_json


def _prefixed(fields: Mapping[str, str], prefix: str) -> list[tuple[str, str]]:
    return [(n.removeprefix(prefix), v) for n, v in fields.items() if n.startswith(prefix)]


def event_json(
    *,
    at: datetime,
    what: str,
    step: str = "",
    detail: str = "",
    by: Person | None = None,
    made: str = "",
) -> str:
    """An entry of the history; its version is given by the script that stores it."""
    event = Event(version=0, at=at, what=what, step=step, detail=detail, by=by, made=made)
    return event.model_dump_json(exclude_defaults=True)


def event_of(fields: Mapping[str, str]) -> Event:
    """Read an entry of the history."""
    event = Event.model_validate({"version": 0, **_json(fields["event"])})
    return event.model_copy(update={"version": int(fields["version"])})
