"""Answer get and list, page by page where the client asks for pages."""

import base64
import binascii
import json
from typing import Any

from bot.sandbox.cluster.api import refusals, selectors
from bot.sandbox.cluster.api.cluster import Call, Cluster
from bot.sandbox.cluster.api.store import TooOld

Object = dict[str, Any]


def listed(cluster: Cluster, call: Call) -> Object:
    """Return the list that the query asks for.

    Raises:
        Refusal: a selector or a continue token cannot be read, or the token's list is forgotten.
    """
    matches = selectors.of_call(call)
    token = call.query.get("continue", "")
    revision, after = _read_token(token) if token else (cluster.store.revision, "")
    found = [item for item in _snapshot(cluster, call, revision, token) if matches(item)]
    rest = [item for item in found if _place(item) > after]
    limit = call.number("limit", 0) or len(rest)
    page, remaining = rest[:limit], rest[limit:]
    metadata: Object = {"resourceVersion": str(revision)}
    if remaining:
        metadata["continue"] = _write_token(revision, _place(page[-1]))
        metadata["remainingItemCount"] = len(remaining)
    resource = call.resource
    items = [item | {"apiVersion": resource.api_version} for item in page]
    return {
        "kind": resource.list_kind,
        "apiVersion": resource.api_version,
        "metadata": metadata,
        "items": items,
    }


def _snapshot(cluster: Cluster, call: Call, revision: int, token: str) -> list[Object]:
    """Take the present for a first page, and the first page's past for the following ones."""
    group, plural = call.resource.group, call.resource.plural
    if not token:
        return cluster.store.of_kind(group, plural, call.namespace)
    try:
        items = cluster.store.list_at(group, plural, revision)
    except TooOld as error:
        raise refusals.expired(revision, error.oldest) from error
    return [item for item in items if call.namespace in ("", item["metadata"].get("namespace"))]


def _place(item: Object) -> str:
    metadata = item["metadata"]
    return f"{metadata.get('namespace', '')}\0{metadata['name']}"


def _write_token(revision: int, after: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([revision, after]).encode()).decode()


def _read_token(token: str) -> tuple[int, str]:
    try:
        revision, after = json.loads(base64.urlsafe_b64decode(token))
        return int(revision), str(after)
    except (ValueError, TypeError, binascii.Error) as error:
        raise refusals.bad_request("continue key is not valid") from error
