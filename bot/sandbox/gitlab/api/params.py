"""What a request asks for: query, JSON, form and multipart in one place, coerced as Grape coerces."""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request

from bot.sandbox.gitlab import errors

_NESTED = re.compile(r"([^\[\]]+)|\[([^\[\]]*)\]")
_TRUE = ("true", "t", "1", "on")
_FALSE = ("false", "f", "0", "off")


async def read(request: Request) -> "Params":
    """Everything that was sent, the body over the query."""
    values = _folded(request.query_params.multi_items())
    kind = request.headers.get("content-type", "")
    if kind.startswith("application/json"):
        values |= _json(await request.body())
    elif kind.startswith(("application/x-www-form-urlencoded", "multipart/form-data")):
        form = await request.form()
        pairs = [(key, await _form_value(value)) for key, value in form.multi_items()]
        values |= _folded(pairs)
    return Params(values)


def _json(body: bytes) -> dict[str, Any]:
    try:
        sent = json.loads(body or b"{}")
    except ValueError as error:
        raise errors.bad_parameter("message body does not match declared format") from error
    return sent if isinstance(sent, dict) else {}


async def _form_value(value: UploadFile | str) -> str:
    return value if isinstance(value, str) else (await value.read()).decode()


def _folded(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """`a[]=1&a[]=2&b[c]=3` as Rack reads it."""
    values: dict[str, Any] = {}
    for key, value in pairs:
        names = [bare or nested for bare, nested in _NESTED.findall(key)]
        if len(names) > 1 and names[1] == "":
            values.setdefault(names[0], []).append(value)
        elif len(names) > 1:
            values.setdefault(names[0], {})[names[1]] = value
        else:
            values[key] = value
    return values


class Params:
    """The parameters by name; every reader says what it expects and refuses anything else."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __contains__(self, name: str) -> bool:
        return self._values.get(name) is not None

    def raw(self, name: str) -> Any:
        """The value as it was sent."""
        return self._values.get(name)

    def need(self, *names: str) -> None:
        """Refuse a request that lacks one of these, naming all that are missing."""
        missing = [f"{name} is missing" for name in names if name not in self._values]
        if missing:
            raise errors.bad_parameter(", ".join(missing))

    def text(self, name: str) -> str | None:
        """A string, or None where it was not sent."""
        value = self.raw(name)
        if isinstance(value, (dict, list)):
            raise errors.bad_parameter(f"{name} is invalid")
        if isinstance(value, bool):
            return "true" if value else "false"
        return None if value is None else str(value)

    def needed_text(self, name: str) -> str:
        """A string that has to be there and not be empty."""
        self.need(name)
        value = self.text(name)
        if not value:
            raise errors.bad_parameter(f"{name} is empty")
        return value

    def integer(self, name: str) -> int | None:
        """A whole number."""
        value = self.raw(name)
        if value is None or value == "":
            return None
        try:
            return int(value)
        except (TypeError, ValueError) as error:
            raise errors.bad_parameter(f"{name} is invalid") from error

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A boolean in any spelling."""
        value = self.raw(name)
        if value is None:
            return default
        word = str(value).lower()
        if word not in _TRUE + _FALSE:
            raise errors.bad_parameter(f"{name} is invalid")
        return word in _TRUE

    def choice(self, name: str, allowed: Iterable[str]) -> str | None:
        """One of a few words."""
        value = self.text(name)
        if value is not None and value not in allowed:
            raise errors.bad_parameter(f"{name} does not have a valid value")
        return value

    def texts(self, name: str) -> tuple[str, ...] | None:
        """Several strings, sent as an array or with commas."""
        value = self.raw(name)
        if value is None:
            return None
        parts = value if isinstance(value, list) else str(value).split(",")
        return tuple(str(part).strip() for part in parts if str(part).strip())

    def integers(self, name: str) -> tuple[int, ...] | None:
        """Several whole numbers."""
        parts = self.texts(name)
        try:
            return None if parts is None else tuple(int(part) for part in parts)
        except ValueError as error:
            raise errors.bad_parameter(f"{name} is invalid") from error

    def day(self, name: str) -> date | None:
        """A date such as 2026-11-22."""
        value = self.text(name)
        try:
            return date.fromisoformat(value[:10]) if value else None
        except ValueError as error:
            raise errors.bad_parameter(f"{name} is invalid") from error

    def moment(self, name: str) -> datetime | None:
        """A point in time in ISO 8601."""
        value = self.text(name)
        try:
            found = datetime.fromisoformat(value) if value else None
        except ValueError as error:
            raise errors.bad_parameter(f"{name} is invalid") from error
        return found.astimezone() if found else None

    def records(self, name: str) -> list["Params"] | None:
        """A list of hashes, each with parameters of its own."""
        value = self.raw(name)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise errors.bad_parameter(f"{name} is invalid")
        return [Params(each) for each in value]
