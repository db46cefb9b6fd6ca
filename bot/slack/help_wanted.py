"""What the platform team reads when it is asked to look at a failed request, and what the thread reads of it."""

from collections.abc import Iterator

from slack_sdk.models.blocks import Block, ContextBlock, SectionBlock

from bot.domain.causes.known import cause_named
from bot.domain.job import HelpAsked, Job, StepRecord
from bot.pipeline import pipelines
from bot.slack import advice, card, mrkdwn, outcomes


def help_wanted(job: Job, number: int) -> list[Block]:
    """All that it takes to begin: who asks for what, which step failed and why, what exists, and where the card is."""
    asked = job.help_asked[number - 1]
    typed = [job.request.description, *([f"They say: {asked.words}"] if asked.words else [])]
    told = [*_failures(job), _exists(job)]
    return [
        SectionBlock(text=mrkdwn.mrkdwn("\n".join(_asked(job, asked)))),
        *(SectionBlock(text=mrkdwn.plain(text, mrkdwn.SENTENCE_LENGTH)) for text in typed),
        *(SectionBlock(text=mrkdwn.mrkdwn(text)) for text in told),
        ContextBlock(elements=[mrkdwn.mrkdwn(_where(job))]),
    ]


def help_asked(job: Job, number: int) -> list[Block]:
    """That they were asked, and by whom."""
    by = f"<@{job.help_asked[number - 1].by.slack_id}>"
    told = f"{by} has asked the platform team to look at this."
    return [SectionBlock(text=mrkdwn.mrkdwn(told))]


def _asked(job: Job, asked: HelpAsked) -> Iterator[str]:
    request = job.request
    yield f"<@{asked.by.slack_id}> asks the platform team for help."
    yield f"*{mrkdwn.escaped(card.headline(job))}*, asked for by <@{request.requester.slack_id}>"


def _failures(job: Job) -> Iterator[str]:
    steps = pipelines.PIPELINES[job.request.kind].by_name
    for name, record in job.to_retry.items():
        yield "\n".join(_failure(steps[name].title, record))


def _failure(title: str, record: StepRecord) -> Iterator[str]:
    yield f"*{title}* failed: {mrkdwn.told(record.reason)}"
    if known := cause_named(record.cause):
        yield f"*Known as:* `{known.name}`"
    yield from advice.lines(record)


def _exists(job: Job) -> str:
    links = [mrkdwn.link(made.url, made.label) for made in outcomes.outcomes(job)]
    return f"*What exists now:* {', '.join(links)}" if links else "*What exists now:* nothing"


def _where(job: Job) -> str:
    """The job's id, and its card where others can open it: nobody else sees one in a direct message."""
    shown = job.messages.get("card")
    is_open = shown and shown.permalink and not shown.is_direct
    link = f"{mrkdwn.link(shown.permalink, 'The card')} · " if shown and is_open else ""
    return f"{link}`{mrkdwn.escaped(job.id, mrkdwn.NAME_LENGTH)}`"
