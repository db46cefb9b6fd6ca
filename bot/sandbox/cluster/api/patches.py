"""Change an object by a patch, of whichever of the four kinds the request says it is."""

from typing import Any

from bot.sandbox.cluster.api import conformance, refusals, writing
from bot.sandbox.cluster.api.apply import fields, ownership
from bot.sandbox.cluster.api.apply.ownership import Manager, Owned
from bot.sandbox.cluster.api.cluster import Call, Cluster
from bot.sandbox.cluster.api.columns import at
from bot.sandbox.cluster.api.patching import json_patch, merge_patch, strategic
from bot.sandbox.cluster.api.wire import bodies

Object = dict[str, Any]

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"


def accepted(call: Call) -> tuple[str, ...]:
    """Return the kinds of patch that the resource takes; only built-in kinds know strategies."""
    common = (JSON_PATCH, MERGE_PATCH, APPLY_PATCH)
    return common if call.resource.is_custom else (*common, STRATEGIC_PATCH)


def patch(cluster: Cluster, call: Call, raw: bytes) -> tuple[Object, bool]:
    """Return the object after the patch, and whether an apply has created it.

    Raises:
        Refusal: the patch is of a kind not taken, does not fit, or breaks a rule.
    """
    if call.content_type not in accepted(call):
        raise refusals.unsupported_media_type(accepted(call))
    body = bodies.parsed(raw)
    if call.content_type == APPLY_PATCH:
        return apply(cluster, call, body)
    old = writing.live(cluster, call)
    wish = conformance.addressed(call, _patched(call, old, body))
    return writing.update(cluster, call, old, conformance.known(call, wish)), False


def _patched(call: Call, old: Object, body: Any) -> Any:
    match call.content_type:
        case "application/json-patch+json":
            try:
                return json_patch.patched(old, body)
            except json_patch.CannotPatch as error:
                raise refusals.unprocessable(f"the server rejected our request: {error}") from error
        case "application/strategic-merge-patch+json":
            return strategic.patched(old, body, conformance.full_schema(call.resource))
        case _:
            return merge_patch.patched(old, body)


def apply(cluster: Cluster, call: Call, body: Any) -> tuple[Object, bool]:
    """Make the applied fields so, and own them.

    Raises:
        Refusal: other managers own some of them, and the request does not force.
    """
    wish = _wish(call, body)
    manager = Manager(call.field_manager, "Apply", call.resource.api_version, call.subresource)
    if cluster.store.get(call.key) is None:
        if call.subresource:
            raise refusals.not_found(call.resource, call.name)
        return _created(cluster, call, wish, manager), True
    old = writing.live(cluster, call)
    outcome = ownership.apply(
        old,
        wish,
        conformance.full_schema(call.resource),
        manager,
        force=call.query.get("force") == "true",
        now=cluster.now(),
    )
    return writing.update(cluster, call, old, outcome.body, owners=outcome.owners), False


def _wish(call: Call, body: Any) -> Object:
    if "fieldManager" not in call.query:
        cause = refusals.Cause(
            "fieldManager", "FieldValueRequired", "Required value: is required for apply patch"
        )
        raise refusals.invalid_options([cause])
    if at(body, "metadata", "managedFields"):
        raise refusals.bad_request("metadata.managedFields must be nil")
    wish = conformance.known(call, conformance.addressed(call, body))
    if call.subresource == "status":
        own = {
            name: wish[name]
            for name in ("apiVersion", "kind", "metadata", "status")
            if name in wish
        }
        names = {
            name: wish["metadata"][name]
            for name in ("name", "namespace")
            if name in wish["metadata"]
        }
        return own | {"metadata": names}
    if "status" in call.resource.subresources:
        return {name: each for name, each in wish.items() if name != "status"}
    return wish


def _created(cluster: Cluster, call: Call, wish: Object, manager: Manager) -> Object:
    metadata = {name: each for name, each in wish["metadata"].items() if name != "resourceVersion"}
    paths = frozenset(fields.leaves(wish, conformance.full_schema(call.resource)))
    owners = {manager: Owned(paths, cluster.now())} if paths else {}
    return writing.born(cluster, call, wish | {"metadata": metadata}, owners=owners)
