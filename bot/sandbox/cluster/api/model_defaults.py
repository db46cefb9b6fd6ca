"""Defaults that the API server fills into built-in kinds; the ones that clients see on our paths."""

from typing import Any

_PROBE: dict[str, Any] = {
    "timeoutSeconds": 1,
    "periodSeconds": 10,
    "successThreshold": 1,
    "failureThreshold": 3,
}
_CONTAINER: dict[str, Any] = {
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
    "imagePullPolicy": "IfNotPresent",
    "resources": {},
}

DEFAULTS: dict[str, dict[str, Any]] = {
    "V1DeploymentSpec": {
        "replicas": 1,
        "revisionHistoryLimit": 10,
        "progressDeadlineSeconds": 600,
        "strategy": {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"},
        },
    },
    "V1ReplicaSetSpec": {"replicas": 1},
    "V1PodSpec": {
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "schedulerName": "default-scheduler",
        "securityContext": {},
    },
    "V1Container": _CONTAINER,
    "V1ContainerPort": {"protocol": "TCP"},
    "V1Probe": _PROBE,
    "V1HTTPGetAction": {"scheme": "HTTP", "path": "/"},
    "V1ServiceSpec": {
        "type": "ClusterIP",
        "sessionAffinity": "None",
        "internalTrafficPolicy": "Cluster",
        "ipFamilyPolicy": "SingleStack",
        "ipFamilies": ["IPv4"],
    },
    "V1ServicePort": {"protocol": "TCP"},
    "V1Secret": {"type": "Opaque"},
    "V1ObjectFieldSelector": {"apiVersion": "v1"},
    "V1ConfigMapVolumeSource": {"defaultMode": 420},
    "V1SecretVolumeSource": {"defaultMode": 420},
    "V1JobSpec": {
        "parallelism": 1,
        "completions": 1,
        "backoffLimit": 6,
        "completionMode": "NonIndexed",
        "suspend": False,
    },
    "V2HorizontalPodAutoscalerSpec": {"minReplicas": 1},
    "V1CustomResourceDefinitionSpec": {"conversion": {"strategy": "None"}},
}
