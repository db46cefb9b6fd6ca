"""Where jobs are kept: the only memory that the bot has."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from bot.domain.approval import Decision, Voiding
from bot.domain.break_glass import Review
from bot.domain.census import Census
from bot.domain.entities import Person
from bot.domain.errors import PermanentError
from bot.domain.job import Fix, HelpAsked, Job, JobState, MessageRef, StepRecord
from bot.domain.limits import Freeze
from bot.domain.request import Request
from bot.domain.value import Value


class Event(Value):
    """One entry of a job's history; `version` is the job's version after it, so a gap shows.

    `by` is who wanted it, None for what the bot did itself; `made` is the digest of the fact that a step made.
    """

    version: int
    at: datetime
    what: str
    step: str = ""
    detail: str = ""
    by: Person | None = None
    made: str = ""


class Busy(Value):
    """Another worker holds the job."""


class LeaseLost(Exception):
    """Another worker took the job over: nothing more may be done for it here."""


class Unreadable(PermanentError):
    """Another version of the bot wrote what this one does not know, in the midst of an update or after a way back.

    It is left as it is, and whoever can read it goes on with it. No value of it is in the words, nor in `where`.

    Args:
        what: what cannot be read, as the beginning of a sentence.
        where: the fields at fault, for the log.
    """

    def __init__(self, what: str, *, where: str = "") -> None:
        super().__init__(
            f"{what} was written by another version of idp-bot, and this one cannot read it.",
            "Have the platform team start that version again; nothing is lost.",
        )
        self.where = where


class Answer(StrEnum):
    """What became of something a person wanted of a job."""

    ACCEPTED = "accepted"
    TOO_LATE = "too-late"
    UNKNOWN_JOB = "unknown-job"


class Lease(Protocol):
    """The right to work on one job. Every write is refused with LeaseLost once another worker has taken over.

    What the job is does not matter for it: also one that cannot be read is held, renewed, put aside and let go of.
    """

    async def renew(self) -> None:
        """Hold the job for another full lease time."""

    async def load(self) -> Job:
        """The job as it stands.

        Raises:
            LeaseLost: it is not there any more.
            Unreadable: another version of the bot wrote to it.
        """

    async def write_step(self, step: str, record: StepRecord, *, what: str, at: datetime) -> None:
        """Replace a step's record; an empty `what` keeps it out of the history (the same wait goes on)."""

    async def write_steps(
        self, records: Mapping[str, StepRecord], *, step: str, what: str, detail: str, at: datetime
    ) -> None:
        """Replace several steps' records at once, for a reason that came up in one of them."""

    async def void(self, voiding: Voiding) -> None:
        """Take the decisions that were given so far for void, so that others can be given to the plan as it is now."""

    async def write_fixed(self, records: Mapping[str, StepRecord], *, at: datetime) -> None:
        """Have what the job's fix asks for instead of what was asked for before, with these steps' records."""

    async def write_state(
        self,
        state: JobState,
        *,
        at: datetime,
        ending: str = "",
        finished_at: datetime | None = None,
    ) -> None:
        """Change the job's state and add to the history."""

    async def write_review_overdue(self, at: datetime) -> None:
        """Remember that nobody reviewed a broken glass in time, and add to the history."""

    async def write_message(self, key: str, ref: MessageRef | None) -> None:
        """Remember a notice: None before it is posted, the message once it is."""

    async def write_shown(self, version: int) -> None:
        """Remember which version the card shows."""

    async def write_audited(self, version: int) -> None:
        """Remember up to which version the audit tells."""

    async def park(self, *, seen_signals: int | None, look_at: datetime) -> bool:
        """Put the job aside until then and let go of it.

        Returns False, with the job still held, when a signal arrived that this worker has not seen. With None, who
        could see nothing of the job lets go of it in any case, and every signal is still there to be seen.
        """

    async def settle(self, *, seen_signals: int) -> bool:
        """Let go of a job that ended and was announced: nobody needs to look at it again.

        Returns False, with the job still held, when a signal (a retry) arrived that this worker has not seen.
        """

    async def release(self) -> None:
        """Let go of the job as it is; the safety net will find it."""


class JobStore(Protocol):
    """Create, read and signal jobs, and take the right to work on one.

    Raises TemporaryError when the store cannot be reached.

    A job to which another version of the bot wrote what this one does not know costs nobody but itself. Whoever asks
    for it by its id, or wants something of it, gets Unreadable and changes nothing. `recent`, `unfinished`, `since` and
    `census` leave it out, and it is logged. So limits do not count it, for they are there for the hundredth request;
    but it keeps its names, as what it makes with them may stand. It stays due and is handed out: a worker of the other
    version may be the next who asks. `forget` keeps it where it cannot tell that it is over.
    """

    async def create(self, job: Job) -> bool:
        """Store a new job; False, and nothing changed, when its id exists."""

    async def load(self, job_id: str) -> Job | None:
        """The job, or None.

        Raises:
            Unreadable: another version of the bot wrote to it, which is all that is told of it.
        """

    async def recent(self, limit: int = 50) -> Sequence[Job]:
        """The newest jobs first."""

    async def unfinished(self) -> Sequence[Job]:
        """All jobs that have not ended."""

    async def since(self, moment: datetime) -> Sequence[Job]:
        """The jobs that were asked for after a moment, newest first."""

    async def freeze(self, freeze: Freeze | None) -> None:
        """Take no new requests from now on; None ends that."""

    async def frozen(self) -> Freeze | None:
        """Why no new requests are taken; None when they are."""

    async def history(self, job_id: str) -> Sequence[Event]:
        """All that happened to the job, oldest first."""

    async def acquire(self, job_id: str, *, now: datetime) -> Lease | Busy | None:
        """Take the right to work on the job; None when there is no such job.

        The job is due when the lease may have run out, however far away its next look was: who takes it may be killed.
        So it is when another worker's lease runs out that is found here, unless that worker puts the job aside before.
        """

    async def due(self, *, now: datetime, limit: int = 200) -> Sequence[str]:
        """Jobs that should have been looked at by now."""

    async def decide(
        self, job_id: str, decision: Decision, *, settles: Callable[[Job], bool | None]
    ) -> Answer:
        """Record a decision on a job that waits for one; after the one that settles it, others are too late.

        `settles` says of the job as it stands whether this decision is the last one needed, and None where it may not
        be given any more. It may be called several times, for others may decide at the same moment.

        The job is due from then on, should nobody live to nudge a worker.
        """

    async def review(self, job_id: str, review: Review) -> Answer:
        """Record the review of a broken glass, the first one only; the job is due from then on, also if it has ended."""

    async def retry(self, job_id: str, *, by: Person, at: datetime, also: str = "") -> Answer:
        """Set the failed steps of a failed job back to pending: those of the way back while it is being undone.

        Steps that were under way when it failed have all their patience and their tries again. On the way ahead a step
        that is done is set back `also`, as what it found may not hold any more. A stop that was asked for before it
        failed does not hold any more: somebody wants it to go on.
        """

    async def fix(self, job_id: str, fix: Fix, *, request: Request, at: datetime) -> Answer:
        """Have a failed job go on with other answers to what its form asked, as a retry does; it is due from then on.

        Args:
            job_id: the job.
            fix: the answers, and what they do to what was made.
            request: what the fix was made from: a job that asks for something else by now is left alone.
            at: the time.
        """

    async def ask_for_help(self, job_id: str, asked: HelpAsked) -> Answer:
        """Have the platform team told of a failed job, once for each failure; it is due from then on."""

    async def undo(self, job_id: str, *, by: Person, at: datetime) -> Answer:
        """Have a job that failed or was cancelled take back what it has made; it is due from then on."""

    async def cancel(self, job_id: str, *, by: Person, at: datetime) -> Answer:
        """Ask a job that has not ended to stop at the next safe point; it is due from then on."""

    async def overlooked(self) -> Sequence[str]:
        """Jobs that nobody would look at in time, although something reached them; they are due from then on.

        A process that dies right after its change, while a worker puts the job aside or settles it, leaves such a job.
        """

    async def signal(self, job_id: str) -> None:
        """Tell the job that something it may wait for happened."""

    async def is_new(self, mark: str, *, keep: timedelta) -> bool:
        """Whether a mark is seen for the first time; it is remembered for that long, for all processes."""

    async def reserve(
        self, names: Mapping[str, str], *, job_id: str, now: datetime
    ) -> Mapping[str, str]:
        """Hold names for a job, all or none, until it frees them.

        Args:
            names: what is to be held by its kind, such as `{"host": "hello.localhost"}`.
            job_id: whose they are to be; a second call for the same job changes nothing.
            now: the time. What was reserved by a request that died before its job was stored is free again soon.

        Returns:
            The kinds of name that another job holds, each with that job's id; empty when all are held now.
        """

    async def holder(self, kind: str, name: str) -> str | None:
        """The job that holds a name, or None."""

    async def free(self, job_id: str) -> None:
        """Let go of the names that a job holds."""

    async def census(self, *, now: datetime) -> Census:
        """Count the jobs that have not ended."""

    async def forget(self, *, ended_before: datetime, limit: int = 200) -> Sequence[str]:
        """Remove jobs that ended before then, with their history and the names that they hold.

        Never one that has not ended, that was retried, that a worker holds, whose broken glass nobody has reviewed, or of
        which the audit does not tell all. At most `limit` at a time.

        Returns:
            Those that are gone now.
        """
