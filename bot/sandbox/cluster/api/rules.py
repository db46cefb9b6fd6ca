"""Rules of single kinds that hold between fields, or between an object's past and its future."""

import json
from typing import Any

from bot.sandbox.cluster.api.columns import at
from bot.sandbox.cluster.api.refusals import Cause
from bot.sandbox.cluster.api.resources import Resource

Object = dict[str, Any]

_SELECTING = frozenset({("apps", "Deployment"), ("apps", "ReplicaSet")})


def faults(resource: Resource, body: Object) -> list[Cause]:
    """Return what contradicts itself in an object."""
    kind = (resource.group, resource.kind)
    selector = at(body, "spec", "selector")
    if kind not in _SELECTING or not isinstance(selector, dict):
        return []
    wanted = selector.get("matchLabels") or {}
    if not wanted and not selector.get("matchExpressions"):
        why = f"Invalid value: {{}}: empty selector is invalid for {resource.singular}"
        return [Cause("spec.selector", "FieldValueInvalid", why)]
    labels = at(body, "spec", "template", "metadata", "labels") or {}
    if wanted.items() <= labels.items():
        return []
    why = f"Invalid value: {json.dumps(labels)}: `selector` does not match template `labels`"
    return [Cause("spec.template.metadata.labels", "FieldValueInvalid", why)]


_IMMUTABLE: dict[tuple[str, str], tuple[tuple[str, ...], ...]] = {
    ("apps", "Deployment"): (("spec", "selector"),),
    ("apps", "ReplicaSet"): (("spec", "selector"),),
    ("batch", "Job"): (("spec", "selector"), ("spec", "template")),
    ("", "Secret"): (("type",),),
    ("rbac.authorization.k8s.io", "RoleBinding"): (("roleRef",),),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): (("roleRef",),),
    ("apiextensions.k8s.io", "CustomResourceDefinition"): (("spec", "scope"), ("spec", "group")),
}


def immutable_faults(resource: Resource, old: Object, new: Object) -> list[Cause]:
    """Return a cause for each field that was decided once and for all."""
    return [
        Cause(
            ".".join(path),
            "FieldValueInvalid",
            f"Invalid value: {at(new, *path)!r}: field is immutable",
        )
        for path in _IMMUTABLE.get((resource.group, resource.kind), ())
        if at(old, *path) is not None and at(new, *path) != at(old, *path)
    ]
