"""Text in Slack's mrkdwn and plain_text, made so that what people typed can neither ping, link nor break out."""

import re
from datetime import datetime

from slack_sdk.models.blocks import MarkdownTextObject, PlainTextObject

from bot.domain.readable import is_readable

NAME_LENGTH = 80
SENTENCE_LENGTH = 300
SECTION_LENGTH = 3000
LOG_LENGTH = 1200
_SHOWN_AS_THEY_ARE = str.maketrans(
    {"*": "\N{ASTERISK OPERATOR}", "~": "\N{TILDE OPERATOR}", "`": "'"}
)
_AT_AN_EDGE = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_LOW_LINE = "\N{MODIFIER LETTER LOW MACRON}"


def clean(text: str, limit: int = SENTENCE_LENGTH) -> str:
    """One line without control characters, cut to a length; dots where nothing is left."""
    visible = (" " if c.isspace() else c for c in text if c.isspace() or is_readable(c))
    line = re.sub(" +", " ", "".join(visible)).strip()
    if not line:
        return "…"
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def escaped(text: str, limit: int = SENTENCE_LENGTH) -> str:
    """What people typed or another system said, for mrkdwn: Slack sees neither links, mentions nor formatting in it.

    Slack has no way to escape the signs of its formatting, so others that look like them stand in their place: words in
    bold would pass for the bot's own. Within a word a low line formats nothing, and there names of settings have it.
    """
    return _with_entities(
        _AT_AN_EDGE.sub(_LOW_LINE, clean(text, limit)).translate(_SHOWN_AS_THEY_ARE)
    )


def own(text: str, limit: int = SENTENCE_LENGTH) -> str:
    """A sentence of the bot's own, in which backticks mark what is code; Slack sees neither links nor mentions in it."""
    return _with_entities(clean(text, limit))


def _with_entities(line: str) -> str:
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        line = line.replace(sign, entity)
    return line


def told(text: str, limit: int = SENTENCE_LENGTH) -> str:
    """A sentence as `escaped` has it; lines that follow it, such as a log's, as they stand, of which the last are kept."""
    sentence, _, rest = text.partition("\n")
    lines = [own(line, limit) for line in rest.replace("`", "'").splitlines() if line.strip()]
    while sum(map(len, lines)) > LOG_LENGTH:
        del lines[0]
    return "\n".join([escaped(sentence, limit), *(["```", *lines, "```"] if lines else [])])


def link(url: str, label: str) -> str:
    """A link, or the bare label where there is no address."""
    if not is_address(url):
        return escaped(label, NAME_LENGTH)
    target = url.replace("&", "&amp;").replace("<", "%3C").replace(">", "%3E").replace("|", "%7C")
    return f"<{target}|{escaped(label, NAME_LENGTH)}>"


def is_address(url: str) -> bool:
    """Whether a browser could open it, and Slack would link it."""
    return url.startswith(("https://", "http://")) and len(url) <= SENTENCE_LENGTH


def moment(at: datetime, *, before: str = "") -> str:
    """A point in time, shown in each reader's own time zone.

    Args:
        at: the time.
        before: what stands before it in a sentence; without anything Slack writes “Today” with a capital.
    """
    shown = f"{before}{{date_short_pretty}} {{time}}"
    return f"<!date^{int(at.timestamp())}^{shown}|{before}{at:%Y-%m-%d %H:%M %Z}>"


def plain(text: str, limit: int = NAME_LENGTH) -> PlainTextObject:
    """A plain_text object; colons stay colons."""
    return PlainTextObject(text=clean(text, limit), emoji=False)


def mrkdwn(text: str) -> MarkdownTextObject:
    """A mrkdwn object in which Slack links nothing by itself."""
    return MarkdownTextObject(text=text[:SECTION_LENGTH], verbatim=True)
