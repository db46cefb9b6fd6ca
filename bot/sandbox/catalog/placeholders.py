"""`$text`, `$json` and `$yaml`: values that stand in a file of their own."""

import asyncio
import json
from typing import Any

from bot.sandbox.catalog import addresses, documents, gitlab

_RESOLVERS = frozenset({"$text", "$json", "$yaml"})


class PlaceholderError(Exception):
    """A placeholder that leads nowhere, or to something else than it says."""


def has_placeholders(value: Any) -> bool:
    """Whether filling in reads any file."""
    if isinstance(value, dict):
        return bool(_placeholder(value)) or any(map(has_placeholders, value.values()))
    return isinstance(value, list) and any(map(has_placeholders, value))


async def filled(value: Any, *, base: str, reader: gitlab.Reader) -> Any:
    """The value with each placeholder replaced by what its file says.

    Raises:
        PlaceholderError: one cannot be.
    """
    if isinstance(value, list):
        return await asyncio.gather(*(filled(item, base=base, reader=reader) for item in value))
    if not isinstance(value, dict):
        return value
    if key := _placeholder(value):
        return await _resolved(key, value[key], base=base, reader=reader)
    items = await asyncio.gather(
        *(filled(item, base=base, reader=reader) for item in value.values())
    )
    return dict(zip(value, items, strict=True))


def _placeholder(value: dict[str, Any]) -> str:
    """The placeholder's key; an object with more keys, or an unknown one (`$ref`), is an ordinary value."""
    key = next(iter(value), "")
    return key if len(value) == 1 and key in _RESOLVERS else ""


async def _resolved(key: str, target: Any, *, base: str, reader: gitlab.Reader) -> Any:
    if not isinstance(target, str):
        raise PlaceholderError(
            f"Placeholder {key} expected a string value parameter, in the form of an absolute URL or a relative path"
        )
    try:
        found = await reader.search(addresses.resolved(target, base))
    except (gitlab.ReadError, ValueError) as error:
        raise PlaceholderError(
            f"Placeholder {key} could not read location {target}, {getattr(error, 'problem', error)}"
        ) from error
    text = b"".join(file.content for file in found.files).decode(errors="replace")
    return text if key == "$text" else _decoded(key, target, text)


def _decoded(key: str, target: str, text: str) -> Any:
    try:
        if key == "$json":
            return json.loads(text)
        found = documents.parsed(text)
    except ValueError as error:
        kind = key.removeprefix("$").upper()
        raise PlaceholderError(
            f"Placeholder {key} failed to parse {kind} data at {target}, {error}"
        ) from error
    if len(found) != 1:
        raise PlaceholderError(
            f"Placeholder {key} expected to find exactly one document of data at {target}, found {len(found)}"
        )
    return found[0]
