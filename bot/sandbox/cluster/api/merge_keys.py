"""How lists and maps of the built-in kinds merge, and which fields are quantities.

The OpenAPI document says this in extensions that the Python client does not carry.
"""

from typing import Any

OPAQUE = frozenset({"V1JSONSchemaProps", "V1FieldsV1"})
"""Models that contain themselves, or mean nothing to a schema."""

ATOMIC_MODELS = frozenset(
    {
        "V1ConfigMapKeySelector",
        "V1LabelSelector",
        "V1LocalObjectReference",
        "V1NodeSelector",
        "V1ObjectFieldSelector",
        "V1ObjectReference",
        "V1OwnerReference",
        "V1ResourceFieldSelector",
        "V1RoleRef",
        "V1ScopeSelector",
        "V1SecretKeySelector",
        "V1SecretReference",
        "V1TypedLocalObjectReference",
        "RbacV1Subject",
    }
)

_ATOMIC_MAPS = {
    "V1ServiceSpec": ("selector",),
    "V1PodSpec": ("nodeSelector",),
}

_KEYS: dict[str, dict[str, tuple[str, ...]]] = {
    "V1PodSpec": {
        "containers": ("name",),
        "initContainers": ("name",),
        "ephemeralContainers": ("name",),
        "volumes": ("name",),
        "imagePullSecrets": ("name",),
        "hostAliases": ("ip",),
        "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
        "schedulingGates": ("name",),
        "resourceClaims": ("name",),
    },
    "V1Container": {
        "env": ("name",),
        "ports": ("containerPort", "protocol"),
        "volumeMounts": ("mountPath",),
        "volumeDevices": ("devicePath",),
    },
    "V1PodStatus": {"conditions": ("type",), "podIPs": ("ip",), "hostIPs": ("ip",)},
    "V1ServiceSpec": {"ports": ("port", "protocol")},
    "V1ServiceStatus": {"conditions": ("type",)},
    "V1ServiceAccount": {"secrets": ("name",)},
    "V1NodeStatus": {"conditions": ("type",), "addresses": ("type",)},
    "V1ObjectMeta": {"ownerReferences": ("uid",)},
}
_KEYS["V1EphemeralContainer"] = _KEYS["V1Container"]

_CONDITIONS = (
    "V1DeploymentStatus",
    "V1ReplicaSetStatus",
    "V1NamespaceStatus",
    "V1JobStatus",
    "V2HorizontalPodAutoscalerStatus",
    "V1PodDisruptionBudgetStatus",
    "V1CustomResourceDefinitionStatus",
)

_SETS = {
    "V1ObjectMeta": ("finalizers",),
}

_PATCH_KEYS: dict[str, dict[str, str]] = {
    "V1Container": {"ports": "containerPort"},
    "V1EphemeralContainer": {"ports": "containerPort"},
    "V1ServiceSpec": {"ports": "port"},
}
"""Strategic merge patch knows one key a list, and not always the first of server-side apply's."""

QUANTITIES: dict[str, tuple[str, ...]] = {
    "V1ResourceRequirements": ("limits", "requests"),
    "V1VolumeResourceRequirements": ("limits", "requests"),
    "V1ResourceQuotaSpec": ("hard",),
    "V1ResourceQuotaStatus": ("hard", "used"),
    "V1LimitRangeItem": ("default", "defaultRequest", "max", "min", "maxLimitRequestRatio"),
    "V1NodeStatus": ("allocatable", "capacity"),
    "V1PodSpec": ("overhead",),
    "V1EmptyDirVolumeSource": ("sizeLimit",),
    "V1ResourceFieldSelector": ("divisor",),
    "V2MetricTarget": ("averageValue", "value"),
    "V2MetricValueStatus": ("averageValue", "value"),
}


def extensions(model_name: str, field: str) -> dict[str, Any]:
    """Return the `x-kubernetes-*` words of one field."""
    if field in _ATOMIC_MAPS.get(model_name, ()):
        return {"x-kubernetes-map-type": "atomic"}
    if field in _SETS.get(model_name, ()):
        return {"x-kubernetes-list-type": "set", "x-kubernetes-patch-strategy": "merge"}
    keys = _KEYS.get(model_name, {}).get(field)
    if keys is None and field == "conditions" and model_name in _CONDITIONS:
        keys = ("type",)
    if keys is None:
        return {}
    patch_key = _PATCH_KEYS.get(model_name, {}).get(field, keys[0])
    return {
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": list(keys),
        "x-kubernetes-patch-merge-key": patch_key,
        "x-kubernetes-patch-strategy": "merge",
    }
