"""Write down what was refused: to whom, what they wanted, and why."""

from datetime import timedelta

from bot.domain.audit import AuditEntry, EntryKind
from bot.domain.entities import Person
from bot.domain.job import Job
from bot.domain.limits import Freeze
from bot.domain.notices import card_of
from bot.pipeline.pipelines import PIPELINES
from bot.pipeline.recording import subject_of
from bot.ports.bundle import Ports
from bot.usecases.reply import Reply

COUNTED_FOR = timedelta(hours=1)
ONE_BY_ONE = 20
"""So many refusals of one person and kind have an entry each; of more within the time, those that double the number."""


async def noted(reply: Reply, *, what: str, job_id: str, person: Person, ports: Ports) -> Reply:
    """The reply as it is, written down if it says no."""
    if not reply.accepted:
        job = await ports.jobs.load(job_id)
        await note(what, reply.text, person=person, job=job, ports=ports)
    return reply


async def frozen(freeze: Freeze, kind: str, *, slack_id: str, ports: Ports) -> None:
    """Write down that somebody was not even shown a form."""
    person = await ports.directory.whois(slack_id)
    await note("asked", freeze.told, person=person, slack_id=slack_id, subject=kind, ports=ports)


async def note(  # noqa: PLR0913 an entry has that many sides
    what: str,
    why: str,
    *,
    ports: Ports,
    person: Person | None = None,
    slack_id: str = "",
    job: Job | None = None,
    subject: str = "",
) -> None:
    """Write down that somebody did not get what they wanted, unless it is the same person and kind over and over.

    Anybody can be refused as often as they press, and nothing of the audit is ever removed.

    Args:
        what: what they wanted, in the words of a job's history.
        why: what they were told.
        ports: where it is written, and the time.
        person: who it was.
        slack_id: who it was, if the catalog does not know them.
        job: what it was about, if it was about a job.
        subject: what it was about, if there is no job.
    """
    who = str(person.user) if person else ""
    by = person.slack_id if person else slack_id
    number = await ports.gate.times(f"{what}:{who or by}", within=COUNTED_FOR) if by else 1
    if not _has_entry(number):
        return
    entry = AuditEntry(
        kind=EntryKind.REFUSAL,
        at=ports.clock(),
        what=what,
        detail=why if number <= ONE_BY_ONE else f"The {number}th within an hour: {why}",
        who=who,
        slack_id=by,
        subject=subject,
    )
    await ports.audit.record([entry.model_copy(update=_about(job) if job else {})])


def _has_entry(number: int) -> bool:
    """One by one, then the 40th, the 80th, the 160th: the last one tells how many there were, by half at worst."""
    doublings, rest = divmod(number, ONE_BY_ONE)
    return number <= ONE_BY_ONE or (rest == 0 and doublings.bit_count() == 1)


def _about(job: Job) -> dict[str, str]:
    card = card_of(job)
    return {
        "job": job.id,
        "subject": subject_of(job.request),
        "plan": job.step(PIPELINES[job.request.kind].plan_step.name).made,
        "permalink": card.permalink if card else "",
    }
