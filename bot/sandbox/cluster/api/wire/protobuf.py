"""Read Kubernetes' protobuf envelope and the messages inside, as the JSON that they mean."""

import base64
import datetime as dt
import json
from collections.abc import Callable, Iterator
from typing import Any

from bot.sandbox.cluster.api.wire.messages import MESSAGES, Field, Message

Object = dict[str, Any]

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_SEVEN_BITS, _MORE = 0x7F, 0x80


class Unreadable(Exception):
    """The bytes are not such an envelope, or hold a kind that is not known here."""


def decoded(raw: bytes) -> Object:
    """Return the object in an envelope.

    Raises:
        Unreadable: there is no known object in it.
    """
    if not raw.startswith(_MAGIC):
        raise Unreadable("no Kubernetes protobuf")
    envelope = dict(_fields(raw[len(_MAGIC) :]))
    type_meta = {number: value.decode() for number, value in _fields(envelope.get(1, b""))}
    kind = type_meta.get(2, "")
    if kind not in MESSAGES:
        raise Unreadable(f"protobuf of kind {kind} is not read here")
    body = _object(envelope.get(2, b""), MESSAGES[kind])
    return {"apiVersion": type_meta.get(1, ""), "kind": kind} | body


def _object(raw: bytes, message: Message) -> Object:
    """Leave out what is empty: Go writes the zero values of fields that were never set."""
    found: Object = {}
    for number, value in _fields(raw):
        field = message.get(number)
        if field is None:
            _refuse_unless_empty(number, value)
            continue
        if field.is_map:
            entry = dict(_fields(value))
            key = entry.get(1, b"").decode()
            found.setdefault(field.name, {})[key] = _value(entry.get(2, b""), field)
        elif field.is_repeated:
            found.setdefault(field.name, []).append(_value(value, field))
        elif (read := _value(value, field)) not in ("", None, {}):
            found[field.name] = read
    return found


def _refuse_unless_empty(number: int, value: Any) -> None:
    """Refuse what would be lost."""
    if value not in (b"", 0):
        raise Unreadable(f"protobuf field {number} is not read here")


def _ignored(_: Any) -> None:
    """Drop what the server writes itself, whose zero values clients send."""


def _value(value: Any, field: Field) -> Any:
    read = _SCALARS.get(field.type)
    return read(value) if read else _object(value, MESSAGES[field.type])


def _embedded_json(raw: bytes) -> Any:
    return json.loads(dict(_fields(raw)).get(1, b"{}"))


def _time(raw: bytes) -> str | None:
    seconds = dict(_fields(raw)).get(1)
    if not isinstance(seconds, int) or seconds < 0:
        return None
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _fields(raw: bytes) -> Iterator[tuple[int, Any]]:
    """Yield field numbers with their bytes or numbers."""
    at = 0
    while at < len(raw):
        tag, at = _varint(raw, at)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            value, at = _varint(raw, at)
            yield number, value
            continue
        size = {_FIXED64: 8, _FIXED32: 4}.get(kind, 0)
        if kind == _BYTES:
            size, at = _varint(raw, at)
        elif not size:
            raise Unreadable("damaged protobuf")
        yield number, raw[at : at + size]
        at += size


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(raw):
        byte = raw[at]
        value |= (byte & _SEVEN_BITS) << shift
        at, shift = at + 1, shift + 7
        if not byte & _MORE:
            return value if value < 1 << 63 else value - (1 << 64), at
    raise Unreadable("damaged protobuf")


_SCALARS: dict[str, Callable[[Any], Any]] = {
    "string": bytes.decode,
    "bytes": lambda raw: base64.b64encode(raw).decode(),
    "int": int,
    "count": lambda value: value or None,
    "bool": bool,
    "time": _time,
    "json": _embedded_json,
    "ignored": _ignored,
}
