"""Turn a CustomResourceDefinition into the resources it defines."""

from typing import Any

from bot.sandbox.cluster.api import jsonpath, refusals
from bot.sandbox.cluster.api.columns import AGE, NAME, at
from bot.sandbox.cluster.api.refusals import Cause
from bot.sandbox.cluster.api.resources import Column, Resource, ScalePaths

Object = dict[str, Any]

CLEANUP = "customresourcecleanup.apiextensions.k8s.io"
"""The finalizer that keeps a definition until all objects of its kind are gone."""

GROUP, PLURAL = "apiextensions.k8s.io", "customresourcedefinitions"


def admitted(body: Object) -> Object:
    """Return the definition with its names accepted and itself established.

    Raises:
        Refusal: it contradicts itself.
    """
    names = dict(at(body, "spec", "names", default={}))
    if faults := _faults(body, names):
        raise refusals.invalid(_self(), body["metadata"]["name"], faults)
    names.setdefault("singular", names["kind"].lower())
    names.setdefault("listKind", f"{names['kind']}List")
    metadata = body["metadata"]
    finalizers = metadata.get("finalizers") or []
    if CLEANUP not in finalizers and "deletionTimestamp" not in metadata:
        metadata = metadata | {"finalizers": [*finalizers, CLEANUP]}
    spec = body["spec"] | {"names": names}
    return body | {"metadata": metadata, "spec": spec, "status": _status(body, spec)}


def _self() -> Resource:
    return Resource(GROUP, "v1", "CustomResourceDefinition", PLURAL, namespaced=False, schema=dict)


def _faults(body: Object, names: Object) -> list[Cause]:
    spec = body.get("spec", {})
    wanted = f"{names.get('plural')}.{spec.get('group')}"
    found = []
    if body["metadata"]["name"] != wanted:
        message = (
            f'Invalid value: "{body["metadata"]["name"]}": must be spec.names.plural+"."+spec.group'
        )
        found.append(Cause("metadata.name", "FieldValueInvalid", message))
    if sum(bool(version.get("storage")) for version in spec.get("versions", [])) != 1:
        message = "Invalid value: must have exactly one version marked as storage version"
        found.append(Cause("spec.versions", "FieldValueInvalid", message))
    found += [
        Cause(f"spec.names.{name}", "FieldValueRequired", "Required value")
        for name in ("plural", "kind")
        if not names.get(name)
    ]
    found += [
        Cause(
            f"spec.versions[{index}].schema.openAPIV3Schema",
            "FieldValueRequired",
            "Required value: schemas are required",
        )
        for index, version in enumerate(spec.get("versions", []))
        if not at(version, "schema", "openAPIV3Schema")
    ]
    return found


def _status(body: Object, spec: Object) -> Object:
    now = at(body, "metadata", "creationTimestamp") or "1970-01-01T00:00:00Z"
    stored = next(version["name"] for version in spec["versions"] if version["storage"])
    earlier = at(body, "status", "storedVersions", default=[])
    accepted = {
        "lastTransitionTime": now,
        "message": "no conflicts found",
        "reason": "NoConflicts",
        "status": "True",
        "type": "NamesAccepted",
    }
    established = accepted | {
        "message": "the initial names have been accepted",
        "reason": "InitialNamesAccepted",
        "type": "Established",
    }
    return {
        "acceptedNames": spec["names"],
        "conditions": [accepted, established],
        "storedVersions": earlier if stored in earlier else [*earlier, stored],
    }


def resources(definition: Object) -> list[Resource]:
    """Return a resource for each version that is served."""
    spec = definition["spec"]
    return [_resource(spec, version) for version in spec["versions"] if version.get("served")]


def _resource(spec: Object, version: Object) -> Resource:
    names = spec["names"]
    subresources = version.get("subresources") or {}
    schema = version["schema"]["openAPIV3Schema"]
    return Resource(
        group=spec["group"],
        version=version["name"],
        kind=names["kind"],
        plural=names["plural"],
        namespaced=spec["scope"] == "Namespaced",
        schema=lambda: schema,
        short_names=tuple(names.get("shortNames", ())),
        categories=tuple(names.get("categories", ())),
        subresources=frozenset(subresources),
        columns=_columns(version),
        scale=_scale(subresources.get("scale")),
        is_custom=True,
    )


def _columns(version: Object) -> tuple[Column, ...]:
    declared = version.get("additionalPrinterColumns") or []
    own = [
        Column(
            name=column["name"],
            type=column["type"],
            value=jsonpath.reader(column["jsonPath"]),
            description=column.get("description", ""),
            priority=column.get("priority", 0),
        )
        for column in declared
    ]
    return (NAME, *own) if own else (NAME, AGE)


def _scale(declared: Object | None) -> ScalePaths | None:
    if not declared:
        return None
    selector = declared.get("labelSelectorPath")
    return ScalePaths(
        _names(declared["specReplicasPath"]),
        _names(declared["statusReplicasPath"]),
        _names(selector) if selector else None,
    )


def _names(path: str) -> tuple[str, ...]:
    return tuple(path.strip(".").split("."))
