"""Fill templates, highlight code and show logs: everything that turns text into HTML."""

import html
import posixpath
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import jinja2
from markdown_it import MarkdownIt
from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import TextLexer, get_lexer_for_filename
from pygments.util import ClassNotFound

from bot.sandbox.gitlab.ci.status import ACTIVE

FOLDER = Path(__file__).parent
_KIBI = 1024
_LARGEST_HIGHLIGHTED = 200_000
_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_FORMATTER = HtmlFormatter(linenos="table", lineanchors="L", anchorlinenos=True, wrapcode=True)
_MARKDOWN = MarkdownIt("js-default")
_LINKS = {"href": "blob", "src": "raw"}
_ANSI = re.compile(r"\x1b\[([0-9;]*)[mK]")
_COLOURS = {
    "30": "black",
    "31": "red",
    "32": "green",
    "33": "yellow",
    "34": "blue",
    "35": "magenta",
    "36": "cyan",
    "1": "bold",
}


@dataclass(frozen=True, slots=True)
class Home:
    """Where a document lies: its links are relative to it."""

    project: str
    ref: str
    folder: str

    def address(self, kind: str, link: str) -> str:
        """The page or the bytes of another file of the repository; what leads out of it stays as it is."""
        parts = urlsplit(link)
        if parts.scheme or parts.netloc or not parts.path:
            return link
        start = "" if parts.path.startswith("/") else self.folder
        path = posixpath.normpath(posixpath.join(start, parts.path.lstrip("/")))
        if path.startswith(".."):
            return link
        page = f"/{self.project}/-/{kind}/{self.ref}/{'' if path == '.' else path}"
        return urlunsplit(("", "", page, parts.query, parts.fragment))


def environment() -> jinja2.Environment:
    """The templates with their filters."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"ago": ago, "took": took, "bytes": size}
    made.tests["active"] = lambda status: status in ACTIVE
    return made


def ago(moment: datetime) -> str:
    """How long something is past, as one says it."""
    past = datetime.now(UTC) - moment
    for unit, word in ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute")):
        if past >= unit:
            count = past // unit
            return f"{count} {word}{'s' if count > 1 else ''} ago"
    return "just now"


def took(seconds: float | None) -> str:
    """A duration as a clock shows it."""
    if seconds is None:
        return ""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{rest:02}"


def size(count: int) -> str:
    """A number of bytes in the unit that fits."""
    amount = float(count)
    for unit in ("B", "KiB", "MiB"):
        if amount < _KIBI or unit == "MiB":
            break
        amount /= _KIBI
    return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"


def code(name: str, text: str) -> Markup:
    """A file's text with line numbers and colours."""
    try:
        lexer: Any = get_lexer_for_filename(name, stripnl=False)
    except ClassNotFound:
        lexer = TextLexer(stripnl=False)
    if len(text) > _LARGEST_HIGHLIGHTED:
        lexer = TextLexer(stripnl=False)
    return Markup(highlight(text, lexer, _FORMATTER))  # noqa: S704 - Pygments escapes the text


def markdown(text: str, home: Home | None = None) -> Markup:
    """A README; HTML in it is shown and not obeyed, and links lead on from where it lies."""
    tokens = _MARKDOWN.parse(text)
    if home:
        for token in (child for each in tokens for child in each.children or ()):
            token.attrs |= {
                name: home.address(kind, str(token.attrs[name]))
                for name, kind in _LINKS.items()
                if name in token.attrs
            }
    return Markup(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}))  # noqa: S704 - HTML is switched off in the parser


def log(raw: bytes) -> Markup:
    """A piece of a job's log, with its colours."""
    text = raw.decode(errors="replace").replace("\r\n", "\n")
    parts: list[str] = []
    is_open = False
    end = 0
    for matched in _ANSI.finditer(text):
        parts.append(html.escape(text[end : matched.start()]))
        end = matched.end()
        if is_open:
            parts.append("</span>")
        classes = " ".join(
            f"ansi-{_COLOURS[each]}" for each in matched[1].split(";") if each in _COLOURS
        )
        is_open = bool(classes)
        if is_open:
            parts.append(f'<span class="{classes}">')
    parts.append(html.escape(text[end:]))
    return Markup("".join(parts) + ("</span>" if is_open else ""))  # noqa: S704 - escaped above


def stylesheet() -> str:
    """The pages' style, with Pygments' colours for light and dark."""
    own = (FOLDER / "static" / "gitlab.css").read_text(encoding="utf-8")
    light, dark = _colours("xcode"), _colours("github-dark")
    return f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n{own}"


def _colours(style: str) -> str:
    formatter: Any = HtmlFormatter(style=style)
    return str(formatter.get_style_defs(".highlight"))
