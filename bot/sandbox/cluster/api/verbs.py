"""Carry out a call: the table from verbs and subresources to what does them."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from bot.sandbox.cluster.api import (
    deleting,
    patches,
    reading,
    refusals,
    reviews,
    subresources,
    writing,
)
from bot.sandbox.cluster.api.cluster import Call, Cluster
from bot.sandbox.cluster.api.resources import CREATE_ONLY
from bot.sandbox.cluster.api.wire import bodies

Object = dict[str, Any]
Answer = tuple[HTTPStatus, Object]


def carry_out(cluster: Cluster, call: Call, raw: bytes) -> Answer:
    """Return the status code and the body of the answer.

    Raises:
        Refusal: it cannot be done.
    """
    if call.subresource in ("scale", "token", "eviction"):
        return _beside(cluster, call, bodies.parsed(raw, call.content_type))
    if call.verb == "patch":
        body, is_new = patches.patch(cluster, call, raw)
        return HTTPStatus.CREATED if is_new else HTTPStatus.OK, body
    code = HTTPStatus.CREATED if call.verb == "create" else HTTPStatus.OK
    return code, _VERBS[call.verb](cluster, call, bodies.parsed(raw, call.content_type))


def _got(cluster: Cluster, call: Call, _: Any) -> Object:
    return writing.live(cluster, call)


def _listed(cluster: Cluster, call: Call, _: Any) -> Object:
    return reading.listed(cluster, call)


def _created(cluster: Cluster, call: Call, body: Any) -> Object:
    if call.resource.verbs == CREATE_ONLY:
        return reviews.answered(cluster, call, body)
    return writing.create(cluster, call, body)


def _beside(cluster: Cluster, call: Call, body: Any) -> Answer:
    match call.subresource, call.verb:
        case "scale", "get":
            return HTTPStatus.OK, subresources.scale(cluster, call)
        case "scale", _:
            return HTTPStatus.OK, subresources.set_scale(cluster, call, body)
        case "token", "create":
            return HTTPStatus.CREATED, subresources.token(cluster, call, body)
        case "eviction", "create":
            return HTTPStatus.CREATED, subresources.evict(cluster, call, body)
    raise refusals.method_not_allowed()


_VERBS: dict[str, Callable[[Cluster, Call, Any], Object]] = {
    "get": _got,
    "list": _listed,
    "create": _created,
    "update": writing.replace,
    "delete": deleting.delete,
    "deletecollection": deleting.delete_all,
}
