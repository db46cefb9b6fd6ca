"""Interactive elements: what a person's input looks like in Slack's payloads."""

from collections.abc import Iterator
from typing import Any

Element = dict[str, Any]
Block = dict[str, Any]
ONE_OPTION = frozenset({"static_select", "external_select", "radio_buttons"})
MANY_OPTIONS = frozenset({"multi_static_select", "multi_external_select", "checkboxes"})
TEXTS = frozenset({"plain_text_input", "email_text_input", "url_text_input", "number_input"})
PLAIN_MEMBERS = {
    "users_select": "selected_user",
    "conversations_select": "selected_conversation",
    "channels_select": "selected_channel",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
}
LIST_MEMBERS = {
    "multi_users_select": "selected_users",
    "multi_conversations_select": "selected_conversations",
    "multi_channels_select": "selected_channels",
}
INITIAL = {
    "datepicker": "initial_date",
    "timepicker": "initial_time",
    "datetimepicker": "initial_date_time",
    "users_select": "initial_user",
    "conversations_select": "initial_conversation",
    "channels_select": "initial_channel",
    "multi_users_select": "initial_users",
    "multi_conversations_select": "initial_conversations",
    "multi_channels_select": "initial_channels",
}


def elements_of(block: Block) -> Iterator[Element]:
    """Yield a block's interactive elements, its children's among them."""
    for member in ("accessory", "element"):
        if isinstance(block.get(member), dict):
            yield block[member]
    if block["type"] not in {"rich_text", "context"}:
        for inner in (*block.get("elements", ()), *block.get("actions", ())):
            yield from elements_of(inner) if inner.get("type") == "card" else (inner,)


def walk(blocks: list[Block]) -> Iterator[tuple[Block, Element]]:
    """Yield each interactive element together with the block whose id its input goes by."""
    for block in blocks:
        for element in elements_of(block):
            if "action_id" in element:
                yield block, element
        yield from walk(block.get("child_blocks", []))


def find(blocks: list[Block], block_id: str, action_id: str) -> tuple[Block, Element] | None:
    """Find an element by its two ids."""
    for block, element in walk(blocks):
        if (block["block_id"], element["action_id"]) == (block_id, action_id):
            return block, element
    return None


def options_of(element: Element) -> list[Element]:
    """List all the options that an element comes with, its initial ones among them."""
    options = list(element.get("options", ()))
    for group in element.get("option_groups", ()):
        options += group["options"]
    if element.get("initial_option"):
        options.append(element["initial_option"])
    return [*options, *element.get("initial_options", ())]


def state_of(element: Element, raw: Any, options: list[Element]) -> Element:
    """Word what was typed or chosen as Slack does in `state.values`.

    Args:
        element: as the app sent it.
        raw: what the page sent: a text, an option's value, or a list of them.
        options: what an external select was last offered.
    """
    kind = element["type"]
    state: Element = {"type": kind}
    if kind in TEXTS:
        state["value"] = raw or None
    elif kind in ONE_OPTION:
        state["selected_option"] = _chosen(element, [raw], options, first=True)
    elif kind in MANY_OPTIONS:
        state["selected_options"] = _chosen(element, raw or [], options)
    elif kind in LIST_MEMBERS:
        state[LIST_MEMBERS[kind]] = raw or []
    elif kind in PLAIN_MEMBERS:
        state[PLAIN_MEMBERS[kind]] = raw or None
    else:
        state |= _other_state(kind, raw)
    return state


def _other_state(kind: str, raw: Any) -> Element:
    if kind == "datetimepicker":
        return {"selected_date_time": int(raw) if raw else None}
    if kind == "rich_text_input":
        return {"rich_text_value": _rich_text(raw) if raw else None}
    return {"files": []} if kind == "file_input" else {}


def _rich_text(raw: str) -> Element:
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": raw}]}
    return {"type": "rich_text", "elements": [section]}


def _chosen(
    element: Element, values: list[Any], options: list[Element], *, first: bool = False
) -> Any:
    known = {option["value"]: option for option in [*options_of(element), *options]}
    chosen = [known[value] for value in values if value in known]
    if first:
        return chosen[0] if chosen else None
    return chosen


def initial(element: Element) -> Any:
    """Say what an element holds before anybody has touched it, in the page's own form."""
    if element.get("initial_option"):
        return element["initial_option"]["value"]
    if "initial_options" in element:
        return [option["value"] for option in element["initial_options"]]
    return element.get(INITIAL.get(element["type"], "initial_value"))


REMEMBERED = {
    "value": "initial_value",
    "selected_option": "initial_option",
    "selected_options": "initial_options",
    "selected_user": "initial_user",
    "selected_users": "initial_users",
    "selected_channel": "initial_channel",
    "selected_channels": "initial_channels",
    "selected_conversation": "initial_conversation",
    "selected_conversations": "initial_conversations",
    "selected_date": "initial_date",
    "selected_time": "initial_time",
    "selected_date_time": "initial_date_time",
}


def filled_in(view: Element) -> Element:
    """Write what somebody last sent into a view's fields, so that a page drawn anew shows it."""
    values = view["state"]["values"]

    def filled(block: Block) -> Block:
        sent = values.get(block.get("block_id"), {})
        if block["type"] != "input" or block["element"]["action_id"] not in sent:
            return block
        state = sent[block["element"]["action_id"]]
        kept = {REMEMBERED[name]: held for name, held in state.items() if name in REMEMBERED}
        return {**block, "element": {**block["element"], **kept}}

    return {**view, "blocks": [filled(block) for block in view["blocks"]]}


def is_empty(state: Element) -> bool:
    """Say whether nothing was typed or chosen."""
    return not any(value for member, value in state.items() if member != "type")


def values_of(
    blocks: list[Block], raw: dict[str, dict[str, Any]], offered: dict[tuple[str, str], Any]
) -> dict[str, dict[str, Element]]:
    """Word the whole state of a view or message, as it goes to the app."""
    values: dict[str, dict[str, Element]] = {}
    for block, element in walk(blocks):
        if element["type"] in {"button", "overflow", "workflow_button", "icon_button"}:
            continue
        key = (block["block_id"], element["action_id"])
        typed = raw.get(key[0], {}).get(key[1], initial(element))
        values.setdefault(key[0], {})[key[1]] = state_of(element, typed, offered.get(key, []))
    return values
