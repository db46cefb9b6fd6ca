"""Ask the platform team to look at a failed job."""

from bot.domain.entities import Person
from bot.domain.job import HelpAsked, Job
from bot.ports.bundle import Ports
from bot.ports.job_store import Answer
from bot.usecases import refusals, taking_in
from bot.usecases.reply import NO_SUCH_JOB, Reply
from bot.usecases.rights import known, why_not_steer

WHAT = "help"


def why_not_ask(job: Job, person: Person, ports: Ports) -> str | None:
    """Why this person may not ask about the job now; None when they may."""
    if why_not := why_not_steer(person, job, ports.platform):
        return why_not
    if already := job.help_on_its_way:
        return f"{already.by.name} has asked the platform team already, at {already.at:%Y-%m-%d %H:%M %Z}."
    return None if job.can_be_helped else "There is nothing to ask about: the job has not failed."


async def ask_platform_team(job_id: str, *, words: str, person: Person, ports: Ports) -> Reply:
    """Write down that they are asked; a worker tells them, so that a crash neither loses nor doubles it.

    Args:
        job_id: the failed job.
        words: what they should know besides; may be empty.
        person: who asks.
        ports: where it is written down, and the time.
    """
    reply = await _ask(job_id, words=words.strip(), person=person, ports=ports)
    return await refusals.noted(reply, what=WHAT, job_id=job_id, person=person, ports=ports)


async def _ask(job_id: str, *, words: str, person: Person, ports: Ports) -> Reply:
    job = await known(job_id, person=person, ports=ports)
    if not job:
        return NO_SUCH_JOB
    if why_not := why_not_ask(job, person, ports):
        return Reply(accepted=False, text=why_not)
    asked = HelpAsked(
        by=person,
        at=ports.clock(),
        group=ports.platform.platform_group,
        channel=ports.platform.platform_channel,
        words=words,
    )
    with taking_in.storing():
        answer = await ports.jobs.ask_for_help(job_id, asked)
    if answer is not Answer.ACCEPTED:
        job = await ports.jobs.load(job_id) or job
        text = why_not_ask(job, person, ports) or "Somebody else was faster; look at the card."
        return Reply(accepted=False, text=text)
    await taking_in.wake(job_id, ports=ports)
    return Reply(
        accepted=True,
        text="The platform team is being told of what was asked for, what failed and what exists.",
    )
