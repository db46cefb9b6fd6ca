"""Block Kit's small objects: texts, options, confirmations, rich text."""

from typing import Any

from bot.sandbox.slack.blockkit.grammar import (
    Check,
    Found,
    Problem,
    anything,
    array,
    boolean,
    exactly_one,
    integer,
    one_of,
    shape,
    string,
    typed,
    unique,
    variants,
)

ID = string(1, 255)
URL = string(1, 3000, pattern=r"\S+://\S+", shown="a valid URL")
MAX_TEXT = 3000


def plain(high: int = MAX_TEXT) -> Check:
    """Accept a plain_text object."""
    return typed("plain_text", {"text": string(1, high)}, {"emoji": boolean})


def text(high: int = MAX_TEXT) -> Check:
    """Accept a plain_text or an mrkdwn object."""
    marked = typed("mrkdwn", {"text": string(1, high)}, {"verbatim": boolean})
    return variants({"plain_text": plain(high), "mrkdwn": marked}, what="text object")


CONFIRM = shape(
    {"title": plain(100), "text": text(300), "confirm": plain(30), "deny": plain(30)},
    {"style": one_of("primary", "danger")},
)
OPTION = shape({"text": plain(75), "value": string(1, 150)}, {"description": plain(75)})
MARKED_OPTION = shape({"text": text(75), "value": string(1, 150)}, {"description": text(75)})
LINK_OPTION = shape(
    {"text": plain(75)}, {"value": string(1, 150), "description": plain(75), "url": URL}
)
OPTION_GROUP = shape({"label": plain(75), "options": array(OPTION, 1, 100)})
DISPATCH = shape(
    {"trigger_actions_on": array(one_of("on_enter_pressed", "on_character_entered"), 1, 2)}
)
IMAGE = typed(
    "image",
    {"alt_text": string(1, 2000)},
    {"image_url": URL, "slack_file": anything},
    rules=(exactly_one("image_url", "slack_file"),),
)

STYLE = shape(
    may=dict.fromkeys(
        (
            "bold",
            "italic",
            "strike",
            "code",
            "underline",
            "highlight",
            "unlink",
            "client_highlight",
        ),
        boolean,
    )
)
STYLED = {"style": STYLE}
INLINE = variants(
    {
        "text": typed("text", {"text": string(1)}, STYLED),
        "link": typed(
            "link", {"url": string(1, 3000)}, {"text": string(), "unsafe": boolean, **STYLED}
        ),
        "emoji": typed(
            "emoji",
            {"name": string(1)},
            {"unicode": string(), "skin_tone": integer(1, 6), **STYLED},
        ),
        "user": typed("user", {"user_id": string(1)}, STYLED),
        "usergroup": typed("usergroup", {"usergroup_id": string(1)}, STYLED),
        "team": typed("team", {"team_id": string(1)}, STYLED),
        "channel": typed("channel", {"channel_id": string(1)}, STYLED),
        "broadcast": typed("broadcast", {"range": one_of("here", "channel", "everyone")}, STYLED),
        "color": typed("color", {"value": string(1)}, STYLED),
        "date": typed(
            "date",
            {"timestamp": integer(0, 10**11), "format": string(1)},
            {"url": string(1, 3000), "fallback": string(1), **STYLED},
        ),
    },
    what="rich text element",
)
BORDER = {"border": integer(0, 1)}
SECTION = typed("rich_text_section", {"elements": array(INLINE)})
RICH_TEXT_PARTS = variants(
    {
        "rich_text_section": SECTION,
        "rich_text_list": typed(
            "rich_text_list",
            {"style": one_of("bullet", "ordered"), "elements": array(SECTION, 1)},
            {"indent": integer(0, 8), "offset": integer(0, 10_000), **BORDER},
        ),
        "rich_text_preformatted": typed(
            "rich_text_preformatted",
            {"elements": array(INLINE, 1)},
            {"language": string(), **BORDER},
        ),
        "rich_text_quote": typed("rich_text_quote", {"elements": array(INLINE, 1)}, BORDER),
    },
    what="rich text",
)
RICH_TEXT = typed("rich_text", {"elements": array(RICH_TEXT_PARTS, 1)}, {"block_id": ID})


def known_choice(value: Any, at: str) -> Found:
    """Ask that what is chosen at first is among the options, word by word."""
    options = list(value.get("options") or ())
    for group in value.get("option_groups") or ():
        options += group["options"]
    chosen = value.get("initial_options") or []
    if value.get("initial_option"):
        chosen = [value["initial_option"]]
    if any(choice not in options for choice in chosen):
        message = "initial options must exactly match one of the options"
        yield Problem(at, "mismatch", message)


def distinct_options(value: Any, at: str) -> Found:
    """Ask that no two options of one element have the same value."""
    yield from unique("value")(value.get("options") or [], f"{at}/options")
