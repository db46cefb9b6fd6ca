"""Cut a list into pages, with the headers that clients follow."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode

from starlette.responses import Response

from bot.sandbox.gitlab import errors
from bot.sandbox.gitlab.api.call import Call, answer

T = TypeVar("T")

DEFAULT_SIZE = 20
LARGEST_SIZE = 100
UNCOUNTED = 10_000


def paged(call: Call, items: Sequence[T], present: Callable[[T], Any]) -> Response:
    """One page of a list."""
    shown, headers = _cut(call, items)
    return answer([present(item) for item in shown], headers=headers)


async def paged_slowly(
    call: Call, items: Sequence[T], present: Callable[[T], Awaitable[Any]]
) -> Response:
    """One page of a list whose items have to ask the repository."""
    shown, headers = _cut(call, items)
    return answer([await present(item) for item in shown], headers=headers)


def keyset(
    call: Call, items: Sequence[T], key: Callable[[T], str], mark: str
) -> tuple[Sequence[T], dict[str, str]]:
    """The items after the marked one, and a link to the rest; nothing is counted."""
    size = _size(call)
    after = call.params.text(mark)
    keys = [key(item) for item in items]
    if after is not None and after not in keys:
        raise errors.bad_request(f"{mark} is invalid")
    start = keys.index(after) + 1 if after is not None else 0
    shown = items[start : start + size]
    headers = {"X-Per-Page": str(size)}
    if start + size < len(items):
        headers["Link"] = _link(call, "next", {mark: key(shown[-1])})
    return shown, headers


def _cut(call: Call, items: Sequence[T]) -> tuple[Sequence[T], dict[str, str]]:
    if call.params.text("pagination") == "keyset":
        return keyset(call, items, lambda item: str(getattr(item, "id", "")), "id_after")
    size, page = _size(call), max(call.params.integer("page") or 1, 1)
    start = (page - 1) * size
    return items[start : start + size], _offset_headers(call, page, size, len(items))


def _size(call: Call) -> int:
    size = call.params.integer("per_page")
    if size is not None and size < 1:
        raise errors.bad_parameter("per_page does not have a valid value")
    return min(size or DEFAULT_SIZE, LARGEST_SIZE)


def _offset_headers(call: Call, page: int, size: int, total: int) -> dict[str, str]:
    last = max(-(-total // size), 1)
    links = []
    if page > 1:
        links.append(_link(call, "prev", {"page": page - 1}))
    if page < last:
        links.append(_link(call, "next", {"page": page + 1}))
    links.append(_link(call, "first", {"page": 1}))
    headers = {
        "X-Page": str(page),
        "X-Per-Page": str(size),
        "X-Next-Page": str(page + 1) if page < last else "",
        "X-Prev-Page": str(page - 1) if page > 1 else "",
    }
    if total <= UNCOUNTED:
        headers |= {"X-Total": str(total), "X-Total-Pages": str(last)}
        links.append(_link(call, "last", {"page": last}))
    return headers | {"Link": ", ".join(links)}


def _link(call: Call, relation: str, changes: Mapping[str, object]) -> str:
    """A link to the host that the client used, which need not be the configured one."""
    query = dict(parse_qsl(call.request.url.query, keep_blank_values=True))
    query |= {"per_page": str(_size(call))} | {key: str(value) for key, value in changes.items()}
    host = call.request.headers.get("host", call.forge.registry_host)
    path = call.request.scope["path"]
    return f'<{call.request.url.scheme}://{host}{path}?{urlencode(query)}>; rel="{relation}"'
