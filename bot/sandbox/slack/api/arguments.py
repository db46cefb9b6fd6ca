"""Read a Web API call's arguments, however the client wrote them."""

import json
from typing import Any

from starlette.requests import Request

from bot.sandbox.slack.errors import SlackError

Arguments = dict[str, Any]
STRUCTURED = {
    "blocks": "invalid_blocks_format",
    "attachments": "invalid_arguments",
    "metadata": "invalid_metadata_format",
    "view": "invalid_arguments",
    "message": "invalid_arguments",
}


async def read(request: Request) -> Arguments:
    """Collect the arguments of query, form or JSON body.

    Raises:
        SlackError: the body or a structured argument cannot be read.
    """
    arguments: Arguments = dict(request.query_params)
    kind = request.headers.get("content-type", "").partition(";")[0]
    if kind == "application/json":
        arguments |= await _json_body(request)
    elif kind in {"application/x-www-form-urlencoded", "multipart/form-data"}:
        async with request.form() as form:
            arguments |= {key: value for key, value in form.items() if isinstance(value, str)}
    for name, code in STRUCTURED.items():
        if isinstance(arguments.get(name), str):
            arguments[name] = _structure(arguments[name], code)
    return arguments


async def _json_body(request: Request) -> Arguments:
    try:
        body = await request.json()
    except ValueError:
        raise SlackError("invalid_json") from None
    if not isinstance(body, dict):
        raise SlackError("json_not_object")
    return body


def _structure(text: str, code: str) -> Any:
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError:
        raise SlackError(code) from None


def required(arguments: Arguments, *names: str) -> None:
    """Check that arguments are there.

    Raises:
        SlackError: invalid_arguments, naming the ones that are missing.
    """
    missing = [name for name in names if not arguments.get(name)]
    if missing:
        raise SlackError(
            "invalid_arguments", problems=[f"missing required field: {name}" for name in missing]
        )


def flag(arguments: Arguments, name: str) -> bool:
    """Read a boolean, which a form writes in several ways."""
    return str(arguments.get(name, "")).lower() in {"1", "true"}


def timestamp(arguments: Arguments, name: str) -> str:
    """Read a message timestamp, which is a text and never a number.

    Raises:
        SlackError: invalid_arguments.
    """
    value = arguments.get(name) or ""
    if not isinstance(value, str):
        raise SlackError("invalid_arguments", problems=[f"{name} must be a string"])
    return value


def page(arguments: Arguments, items: list[Any], *, default: int = 100) -> tuple[list[Any], str]:
    """Cut one page out of a list.

    Returns:
        The page, and the cursor of the next one; it is empty on the last page.

    Raises:
        SlackError: invalid_cursor or invalid_limit.
    """
    try:
        start = int(arguments.get("cursor") or 0)
    except ValueError:
        raise SlackError("invalid_cursor") from None
    try:
        limit = int(arguments.get("limit") or default)
    except ValueError:
        raise SlackError("invalid_limit") from None
    if not 1 <= limit <= 1000:  # noqa: PLR2004 - Slack's own bounds
        raise SlackError("invalid_limit")
    end = start + limit
    return items[start:end], str(end) if end < len(items) else ""
