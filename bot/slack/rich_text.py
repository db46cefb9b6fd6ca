"""Rich text for the tasks of a plan: it holds what people typed as text, so nothing in it needs escaping."""

from datetime import datetime

from slack_sdk.models.blocks import (
    RichTextBlock,
    RichTextElement,
    RichTextElementParts,
    RichTextSectionElement,
)

from bot.slack import mrkdwn


def line(*elements: RichTextElement) -> RichTextBlock:
    """One paragraph."""
    return RichTextBlock(elements=[RichTextSectionElement(elements=list(elements))])


def text(words: str, limit: int = mrkdwn.SENTENCE_LENGTH) -> RichTextElement:
    """Words as they are, cut to a length; spaces at the ends are kept, for they join."""
    core = mrkdwn.clean(words, limit)
    head = " " if words[:1].isspace() else ""
    tail = " " if words[-1:].isspace() else ""
    return RichTextElementParts.Text(text=f"{head}{core}{tail}")


def link(url: str, label: str) -> RichTextElement:
    """A link, or the bare label where there is no address."""
    if not mrkdwn.is_address(url):
        return text(label, mrkdwn.NAME_LENGTH)
    return RichTextElementParts.Link(url=url, text=mrkdwn.clean(label, mrkdwn.NAME_LENGTH))


def moment(at: datetime, *, before: str = "") -> RichTextElement:
    """A point in time as `mrkdwn.moment` has it."""
    return RichTextElementParts.Date(
        timestamp=int(at.timestamp()),
        format=f"{before}{{date_short_pretty}} {{time}}",
        fallback=f"{before}{at:%Y-%m-%d %H:%M %Z}",
    )
