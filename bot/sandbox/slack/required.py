"""Check a form before it goes to the app, as Slack's own client does."""

import re
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

from bot.sandbox.slack import elements

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def problems(
    blocks: list[dict[str, Any]], values: dict[str, dict[str, dict[str, Any]]]
) -> dict[str, str]:
    """Find what is missing or malformed, by block id."""
    found: dict[str, str] = {}
    for block, element in elements.walk(blocks):
        if block["type"] != "input":
            continue
        state = values[block["block_id"]][element["action_id"]]
        if elements.is_empty(state):
            if not block.get("optional"):
                found[block["block_id"]] = "Please complete this required field."
        elif problem := _malformed(element, state):
            found[block["block_id"]] = problem
    return found


def _malformed(element: dict[str, Any], state: dict[str, Any]) -> str:
    match element["type"]:
        case "plain_text_input":
            return _length(element, state["value"])
        case "email_text_input":
            return "" if EMAIL.fullmatch(state["value"]) else "Please enter a valid email address."
        case "url_text_input":
            return "" if urlsplit(state["value"]).netloc else "Please enter a valid URL."
        case "number_input":
            return _number(element, state["value"])
        case _:
            limit = element.get("max_selected_items")
            chosen = next((value for value in state.values() if isinstance(value, list)), [])
            return f"Choose at most {limit}." if limit and len(chosen) > limit else ""


def _length(element: dict[str, Any], value: str) -> str:
    shortest, longest = element.get("min_length", 0), element.get("max_length", 3000)
    if len(value) < shortest:
        return f"Please use at least {shortest} characters."
    if len(value) > longest:
        return f"Please use at most {longest} characters."
    return ""


def _number(element: dict[str, Any], value: str) -> str:
    try:
        number = Decimal(value)
    except InvalidOperation:
        return "Please enter a number."
    if not element["is_decimal_allowed"] and number != int(number):
        return "Please enter a whole number."
    if "min_value" in element and number < Decimal(element["min_value"]):
        return f"Please enter a number of at least {element['min_value']}."
    if "max_value" in element and number > Decimal(element["max_value"]):
        return f"Please enter a number of at most {element['max_value']}."
    return ""
