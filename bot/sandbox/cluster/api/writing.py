"""Create and change objects: the one way in which anything is written."""

import random
from typing import Any

from bot.sandbox.cluster.api import admission, conformance, refusals, rules
from bot.sandbox.cluster.api.apply import ownership
from bot.sandbox.cluster.api.apply.ownership import Manager, Owners
from bot.sandbox.cluster.api.cluster import Call, Cluster
from bot.sandbox.cluster.api.resources import Resource, Schema

Object = dict[str, Any]

_SERVER_OWNED = (
    "uid",
    "creationTimestamp",
    "generation",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
)
_SUFFIX = "bcdfghjklmnpqrstvwxz2456789"
_SUFFIX_LENGTH = 5


def create(cluster: Cluster, call: Call, body: Any) -> Object:
    """Write a new object.

    Raises:
        Refusal: the name is taken, or the body breaks a rule.
    """
    wish = conformance.known(call, conformance.addressed(call, body))
    name = _name(call, wish)
    call = call.named(name)
    if wish["metadata"].get("resourceVersion"):
        raise refusals.bad_request("resourceVersion should not be set on objects to be created")
    if cluster.store.get(call.key) is not None:
        raise refusals.already_exists(call.resource, name)
    fresh = _without_status(call.resource, wish)
    metadata = {k: v for k, v in wish["metadata"].items() if k not in _SERVER_OWNED}
    return born(cluster, call, fresh | {"metadata": metadata | {"name": name}}, owners=None)


def _name(call: Call, wish: Object) -> str:
    """Use the given name, or one that the server makes from `generateName`."""
    metadata = wish["metadata"]
    if name := metadata.get("name"):
        return str(name)
    if prefix := metadata.get("generateName"):
        return str(prefix) + "".join(random.choices(_SUFFIX, k=_SUFFIX_LENGTH))  # noqa: S311 - a name, no secret
    cause = refusals.Cause(
        "metadata.name", "FieldValueRequired", "Required value: name or generateName is required"
    )
    raise refusals.invalid(call.resource, "", [cause])


def _without_status(resource: Resource, wish: Object) -> Object:
    """Leave the status to its own subresource where the kind has one."""
    if "status" not in resource.subresources:
        return wish
    return {name: each for name, each in wish.items() if name != "status"}


def born(cluster: Cluster, call: Call, body: Object, *, owners: Owners | None) -> Object:
    """Give a checked body its identity and write it; without owners the caller owns all of it."""
    resource = call.resource
    identity: Object = {"uid": cluster.new_uid(), "creationTimestamp": cluster.now()}
    if _counts_generations(resource):
        identity["generation"] = 1
    identified = body | {"metadata": body["metadata"] | identity}
    admitted = admission.on_create(cluster, call, identified)
    complete = conformance.checked(resource, admitted, more=rules.faults(resource, admitted))
    if owners is None:
        schema = conformance.full_schema(resource)
        change = ownership.difference({}, _owned_part(call, complete), schema)
        owners = ownership.after_update({}, change, _updater(call), now=cluster.now())
    return _put(cluster, call, ownership.written(complete, owners))


def _counts_generations(resource: Resource) -> bool:
    return resource.is_custom or "status" in resource.subresources


def _updater(call: Call) -> Manager:
    return Manager(call.field_manager, "Update", call.resource.api_version, call.subresource)


def _owned_part(call: Call, body: Object) -> Object:
    """Return the half of the object that is written through this endpoint."""
    if "status" not in call.resource.subresources:
        return body
    if call.subresource == "status":
        return {"status": body["status"]} if "status" in body else {}
    return {name: each for name, each in body.items() if name != "status"}


def _put(cluster: Cluster, call: Call, body: Object) -> Object:
    if call.is_dry_run:
        return body
    return cluster.store.put(call.key, body)


def replace(cluster: Cluster, call: Call, body: Any) -> Object:
    """Write a whole object over the one there.

    Raises:
        Refusal: it is not there, has changed meanwhile, or the body breaks a rule.
    """
    wish = conformance.known(call, conformance.addressed(call, body))
    return update(cluster, call, live(cluster, call), wish)


def live(cluster: Cluster, call: Call) -> Object:
    """Return the object that the call names, in the version of the call.

    Raises:
        Refusal: there is none.
    """
    found = cluster.store.get(call.key)
    if found is None:
        raise refusals.not_found(call.resource, call.name)
    return found | {"apiVersion": call.resource.api_version}


def update(
    cluster: Cluster, call: Call, old: Object, wish: Object, *, owners: Owners | None = None
) -> Object:
    """Write the wish over the old state, as far as this endpoint reaches; an equal wish writes nothing."""
    _check_identity(call, old, wish)
    reached = _reached(call, old, wish)
    admitted = admission.on_update(call, old, reached)
    broken = [
        *rules.faults(call.resource, admitted),
        *rules.immutable_faults(call.resource, old, admitted),
    ]
    checked = conformance.checked(call.resource, admitted, more=broken)
    counted = _with_generation(call.resource, old, checked)
    schema = conformance.full_schema(call.resource)
    if owners is None:
        owners = _owners_after(cluster, call, old, counted, schema)
    new = ownership.written(counted, owners)
    if _is_gone(new):
        if not call.is_dry_run:
            cluster.store.remove(call.key, new)
        return new
    return old if new == old else _put(cluster, call, new)


def _check_identity(call: Call, old: Object, wish: Object) -> None:
    metadata = wish["metadata"]
    seen = metadata.get("resourceVersion")
    if seen and seen != old["metadata"]["resourceVersion"]:
        raise refusals.stale(call.resource, call.name)
    uid = metadata.get("uid")
    if uid and uid != old["metadata"]["uid"]:
        why = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {old['metadata']['uid']}"
        raise refusals.conflict(call.resource, call.name, why)


def _reached(call: Call, old: Object, wish: Object) -> Object:
    """Let a status write change the status, and any other write everything but the status."""
    if call.subresource == "status":
        own = {name: each for name, each in old.items() if name != "status"}
        managed = wish["metadata"].get("managedFields", old["metadata"].get("managedFields"))
        metadata = old["metadata"] | ({"managedFields": managed} if managed else {})
        return (
            own | {"metadata": metadata} | ({"status": wish["status"]} if "status" in wish else {})
        )
    kept = {name: old["metadata"][name] for name in _SERVER_OWNED if name in old["metadata"]}
    metadata = {k: v for k, v in wish["metadata"].items() if k not in _SERVER_OWNED} | kept
    metadata["resourceVersion"] = old["metadata"]["resourceVersion"]
    body = wish | {"metadata": metadata}
    if "status" in call.resource.subresources:
        body = {name: each for name, each in body.items() if name != "status"}
        return body | ({"status": old["status"]} if "status" in old else {})
    return body


def _with_generation(resource: Resource, old: Object, new: Object) -> Object:
    if not _counts_generations(resource) or _substance(resource, old) == _substance(resource, new):
        return new
    generation = old["metadata"].get("generation", 0) + 1
    return new | {"metadata": new["metadata"] | {"generation": generation}}


def _substance(resource: Resource, body: Object) -> Object:
    """Return what a generation counts the changes of."""
    beside = (
        "metadata",
        "apiVersion",
        "kind",
        *(("status",) if "status" in resource.subresources else ()),
    )
    return {name: each for name, each in body.items() if name not in beside}


def _owners_after(cluster: Cluster, call: Call, old: Object, new: Object, schema: Schema) -> Owners:
    """Let the caller own what it changed; managedFields that it sent along are its to change, too."""
    sent = ownership.read(new)
    is_reset = new["metadata"].get("managedFields") == [{}]
    owners = {} if is_reset else sent or ownership.read(old)
    change = ownership.difference(_owned_part(call, old), _owned_part(call, new), schema)
    return ownership.after_update(owners, change, _updater(call), now=cluster.now())


def _is_gone(body: Object) -> bool:
    metadata = body["metadata"]
    content = body["kind"] == "Namespace" and body["spec"].get("finalizers")
    awaited = metadata.get("finalizers") or metadata.get("deletionGracePeriodSeconds") or content
    return "deletionTimestamp" in metadata and not awaited
