"""Turn Slack's mrkdwn into HTML; nothing in a text can become markup of its own."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from markupsafe import Markup, escape

from bot.sandbox.slack.page.emoji import EMOJI

SAFE_SCHEMES = frozenset({"http", "https", "mailto"})
PIECES = re.compile(r"```(?P<block>.+?)```|`(?P<code>[^`\n]+)`|<(?P<angle>[^<>\n]+)>", re.DOTALL)
STYLES = (("*", "strong"), ("_", "em"), ("~", "s"))
MARK = "\ue000"
PLACE = re.compile(f"{MARK}(\\d+){MARK}")
ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))


@dataclass(frozen=True, slots=True)
class References:
    """How what stands between angle brackets is shown to one reader."""

    user: Callable[[str], Markup]
    channel: Callable[[str, str], Markup]
    date: Callable[[float, str], str]


def rendered(text: str, references: References) -> Markup:
    """Render a text."""
    kept: list[Markup] = []

    def keep(piece: re.Match[str]) -> str:
        kept.append(_piece(piece, references))
        return f"{MARK}{len(kept) - 1}{MARK}"

    marked = PIECES.sub(keep, text.replace(MARK, ""))
    lines = _quoted(_styled(str(escape(plain(marked)))))
    return Markup(PLACE.sub(lambda place: kept[int(place[1])], lines))  # noqa: S704 - escaped above


def plain(text: str) -> str:
    """Undo the three entities that Slack asks apps to write."""
    for entity, sign in ENTITIES:
        text = text.replace(entity, sign)
    return text


def emoji(text: str) -> str:
    """Replace `:names:` by the signs themselves."""
    return re.sub(r":([a-z0-9_+-]+):", lambda name: EMOJI.get(name[1], name[0]), text)


def safe(url: str) -> str:
    """Hand on an address, unless following it would run something."""
    try:
        return url if urlsplit(url).scheme.lower() in SAFE_SCHEMES else ""
    except ValueError:
        return ""


def link(url: str, label: str) -> Markup:
    """Make a link, unless following it would run something."""
    if not safe(url):
        return escape(label)
    return Markup('<a href="{}" target="_blank" rel="noopener">{}</a>').format(url, label)


def _piece(piece: re.Match[str], references: References) -> Markup:
    if piece["block"] is not None:
        return Markup("<pre>{}</pre>").format(plain(piece["block"].strip("\n")))
    if piece["code"] is not None:
        return Markup("<code>{}</code>").format(plain(piece["code"]))
    return _reference(piece["angle"], references)


def _reference(angle: str, references: References) -> Markup:
    target, _, label = angle.partition("|")
    if target.startswith("@"):
        return references.user(target[1:])
    if target.startswith("#"):
        return references.channel(target[1:], label)
    if target.startswith("!date^"):
        return _date(target.split("^"), label, references)
    if target.startswith("!"):
        return Markup('<span class="mention">@{}</span>').format(label or target[1:])
    return link(plain(target), plain(label or target.removeprefix("mailto:")))


def _date(parts: list[str], fallback: str, references: References) -> Markup:
    try:
        shown = references.date(float(parts[1]), parts[2])
    except (ValueError, IndexError, OverflowError):
        return escape(fallback)
    if len(parts) > 3:  # noqa: PLR2004 - date, seconds, pattern, and a link
        return link(parts[3], shown)
    return Markup('<time title="{}">{}</time>').format(fallback, shown)


def _styled(text: str) -> str:
    for sign, tag in STYLES:
        one = re.escape(sign)
        pattern = rf"(?<![\w{one}]){one}(?=\S)([^{one}\n]+?)(?<=\S){one}(?![\w{one}])"
        text = re.sub(pattern, rf"<{tag}>\1</{tag}>", text)
    return emoji(text)


def _quoted(text: str) -> str:
    lines = re.sub(
        r"(?:^&gt; ?.*(?:\n|$))+",
        lambda block: (
            "<blockquote>"
            + re.sub(r"^&gt; ?", "", block[0].rstrip("\n"), flags=re.MULTILINE)
            + "</blockquote>"
        ),
        text,
        flags=re.MULTILINE,
    )
    return lines.replace("\n", "<br>")
