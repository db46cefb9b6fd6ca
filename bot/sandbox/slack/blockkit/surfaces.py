"""Which surface takes which of Block Kit's blocks."""

from bot.sandbox.slack.blockkit.blocks import BLOCKS
from bot.sandbox.slack.blockkit.grammar import Check, array, together, unique, variants

EVERYWHERE = (
    "actions",
    "card",
    "context",
    "divider",
    "header",
    "image",
    "input",
    "rich_text",
    "section",
    "video",
)
SURFACES = {
    "message": (
        *EVERYWHERE,
        "carousel",
        "container",
        "context_actions",
        "file",
        "markdown",
        "plan",
        "table",
        "task_card",
    ),
    "modal": (*EVERYWHERE, "alert"),
    "home": (*EVERYWHERE, "carousel", "container", "table"),
}


def on(surface: str, high: int) -> Check:
    """Accept a list of blocks for one surface, with no block id used twice."""
    known = {kind: BLOCKS[kind] for kind in SURFACES[surface]}
    return together(array(variants(known, what="block"), 1, high), unique("block_id"))


def anywhere(high: int) -> Check:
    """Accept a list of blocks whatever surface it is for."""
    return together(array(variants(BLOCKS, what="block"), 1, high), unique("block_id"))
