"""Limits of built-in fields that the API server checks in code and the OpenAPI document does not state."""

from typing import Any

_PORT: dict[str, Any] = {"minimum": 1, "maximum": 65535}
_COUNT: dict[str, Any] = {"minimum": 0}
_SOME: dict[str, Any] = {"minimum": 1}
_PROTOCOL: dict[str, Any] = {"enum": ["TCP", "UDP", "SCTP"]}
_LABEL: dict[str, Any] = {"pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "maxLength": 63}
QUANTITY = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?[0-9]+)?$"

_CONTAINER: dict[str, dict[str, Any]] = {
    "name": _LABEL,
    "imagePullPolicy": {"enum": ["Always", "Never", "IfNotPresent"]},
}

LIMITS: dict[str, dict[str, dict[str, Any]]] = {
    "V1DeploymentSpec": {"replicas": _COUNT, "revisionHistoryLimit": _COUNT},
    "V1DeploymentStrategy": {"type": {"enum": ["Recreate", "RollingUpdate"]}},
    "V1ReplicaSetSpec": {"replicas": _COUNT},
    "V1JobSpec": {"parallelism": _COUNT, "completions": _COUNT, "backoffLimit": _COUNT},
    "V1PodSpec": {
        "containers": {"minItems": 1},
        "restartPolicy": {"enum": ["Always", "OnFailure", "Never"]},
        "terminationGracePeriodSeconds": _COUNT,
    },
    "V1Container": _CONTAINER,
    "V1ContainerPort": {"containerPort": _PORT, "protocol": _PROTOCOL},
    "V1EnvVar": {"name": {"minLength": 1}},
    "V1Probe": {"periodSeconds": _SOME, "timeoutSeconds": _SOME, "failureThreshold": _SOME},
    "V1ServiceSpec": {
        "type": {"enum": ["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"]},
        "sessionAffinity": {"enum": ["None", "ClientIP"]},
    },
    "V1ServicePort": {"port": _PORT, "protocol": _PROTOCOL},
    "V2HorizontalPodAutoscalerSpec": {"minReplicas": _SOME, "maxReplicas": _SOME},
}

REQUIRED: dict[str, tuple[str, ...]] = {"V1Container": ("image",)}
"""Fields that the document calls optional and the server does not."""
