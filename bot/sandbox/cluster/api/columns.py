"""The columns of `kubectl get` for the built-in kinds."""

from collections.abc import Callable
from typing import Any

from bot.sandbox.cluster.api.resources import Column

Object = dict[str, Any]

_NAME_NOTE = "Name must be unique within a namespace."
_AGE_NOTE = "Time since the server made the object."


def at(item: Object, *path: str, default: Any = None) -> Any:
    """Follow names into an object; what is absent on the way is the default."""
    found: Any = item
    for name in path:
        if not isinstance(found, dict) or name not in found:
            return default
        found = found[name]
    return found


def _path(*path: str, default: Any = None) -> Callable[[Object], Any]:
    return lambda item: at(item, *path, default=default)


NAME = Column("Name", "string", _path("metadata", "name"), _NAME_NOTE, "name")
AGE = Column("Age", "date", _path("metadata", "creationTimestamp"), _AGE_NOTE)
AGE_ONLY = (NAME, AGE)


def _text(name: str, value: Callable[[Object], Any], priority: int = 0) -> Column:
    return Column(name, "string", value, priority=priority)


def _number(name: str, *path: str) -> Column:
    return Column(name, "integer", _path(*path, default=0))


def _table(*columns: Column) -> tuple[Column, ...]:
    return (NAME, *columns, AGE)


def _pod_ready(pod: Object) -> str:
    statuses = at(pod, "status", "containerStatuses", default=[])
    ready = sum(bool(status.get("ready")) for status in statuses)
    return f"{ready}/{len(at(pod, 'spec', 'containers', default=[]))}"


def _pod_status(pod: Object) -> str:
    """Say why a container waits or ended, as kubectl's STATUS column does, before the phase."""
    if at(pod, "metadata", "deletionTimestamp"):
        return "Terminating"
    for status in at(pod, "status", "containerStatuses", default=[]):
        for state in ("waiting", "terminated"):
            if reason := at(status, "state", state, "reason"):
                return str(reason)
    return str(at(pod, "status", "reason") or at(pod, "status", "phase", default="Unknown"))


def _restarts(pod: Object) -> str:
    statuses = at(pod, "status", "containerStatuses", default=[])
    return str(sum(status.get("restartCount", 0) for status in statuses))


def _ports(service: Object) -> str:
    ports = at(service, "spec", "ports", default=[])
    return ",".join(f"{port['port']}/{port.get('protocol', 'TCP')}" for port in ports) or "<none>"


def _ready_of_replicas(item: Object) -> str:
    wanted = at(item, "spec", "replicas", default=0)
    return f"{at(item, 'status', 'readyReplicas', default=0)}/{wanted}"


def _selector(*path: str) -> Callable[[Object], str]:
    def render(item: Object) -> str:
        labels = at(item, *path, default={})
        return ",".join(f"{key}={value}" for key, value in labels.items()) or "<none>"

    return render


def _images(item: Object) -> str:
    containers = at(item, "spec", "template", "spec", "containers", default=[])
    return ",".join(container.get("image", "") for container in containers)


def _completions(job: Object) -> str:
    done = at(job, "status", "succeeded", default=0)
    return f"{done}/{at(job, 'spec', 'completions', default=1)}"


def _job_status(job: Object) -> str:
    for condition in at(job, "status", "conditions", default=[]):
        if condition.get("status") == "True":
            return str(condition["type"])
    return "Running"


def _endpoints(item: Object) -> str:
    found = [
        f"{address['ip']}:{port['port']}"
        for subset in item.get("subsets", [])
        for address in subset.get("addresses", [])
        for port in subset.get("ports", [])
    ]
    return ",".join(found) or "<none>"


def _slice_endpoints(item: Object) -> str:
    found = [
        address for endpoint in item.get("endpoints") or [] for address in endpoint["addresses"]
    ]
    return ",".join(found) or "<none>"


def _role(binding: Object) -> str:
    return f"{at(binding, 'roleRef', 'kind')}/{at(binding, 'roleRef', 'name')}"


def _node_status(node: Object) -> str:
    ready = [c for c in at(node, "status", "conditions", default=[]) if c.get("type") == "Ready"]
    return "Ready" if ready and ready[0].get("status") == "True" else "NotReady"


def _event_object(event: Object) -> str:
    involved = event.get("involvedObject", {})
    return f"{involved.get('kind', '').lower()}/{involved.get('name', '')}"


def _quota(kind: str) -> Callable[[Object], str]:
    def render(item: Object) -> str:
        hard = at(item, "status", "hard", default={}) or at(item, "spec", "hard", default={})
        used = at(item, "status", "used", default={})
        chosen = {
            name: limit
            for name, limit in hard.items()
            if name.startswith("limits") == (kind == "limits")
        }
        return ", ".join(f"{name}: {used.get(name, 0)}/{limit}" for name, limit in chosen.items())

    return render


BUILTIN: dict[tuple[str, str], tuple[Column, ...]] = {
    ("", "ConfigMap"): _table(
        Column(
            "Data",
            "integer",
            lambda item: len(item.get("data") or {}) + len(item.get("binaryData") or {}),
        )
    ),
    ("", "Endpoints"): _table(_text("Endpoints", _endpoints)),
    ("", "Event"): (
        Column(
            "Last Seen",
            "date",
            lambda item: (
                item.get("lastTimestamp")
                or item.get("eventTime")
                or at(item, "metadata", "creationTimestamp")
            ),
        ),
        _text("Type", _path("type")),
        _text("Reason", _path("reason")),
        _text("Object", _event_object),
        _text("Message", _path("message")),
    ),
    ("", "Namespace"): _table(_text("Status", _path("status", "phase", default="Active"))),
    ("", "Node"): _table(
        _text("Status", _node_status),
        _text("Version", _path("status", "nodeInfo", "kubeletVersion", default="")),
    ),
    ("", "Pod"): (
        *_table(
            _text("Ready", _pod_ready), _text("Status", _pod_status), _text("Restarts", _restarts)
        ),
        _text("IP", _path("status", "podIP", default="<none>"), 1),
        _text("Node", _path("spec", "nodeName", default="<none>"), 1),
    ),
    ("", "ResourceQuota"): _table(
        _text("Request", _quota("requests")), _text("Limit", _quota("limits"))
    ),
    ("", "Secret"): _table(
        _text("Type", _path("type")),
        Column("Data", "integer", lambda item: len(item.get("data") or {})),
    ),
    ("", "Service"): (
        *_table(
            _text("Type", _path("spec", "type")),
            _text("Cluster-IP", _path("spec", "clusterIP", default="<none>")),
            _text("External-IP", lambda _: "<none>"),
            _text("Port(s)", _ports),
        ),
        _text("Selector", _selector("spec", "selector"), 1),
    ),
    ("", "ServiceAccount"): _table(
        Column("Secrets", "integer", lambda item: len(item.get("secrets") or []))
    ),
    ("apps", "Deployment"): (
        *_table(
            _text("Ready", _ready_of_replicas),
            _number("Up-to-date", "status", "updatedReplicas"),
            _number("Available", "status", "availableReplicas"),
        ),
        _text("Images", _images, 1),
        _text("Selector", _selector("spec", "selector", "matchLabels"), 1),
    ),
    ("apps", "ReplicaSet"): _table(
        _number("Desired", "spec", "replicas"),
        _number("Current", "status", "replicas"),
        _number("Ready", "status", "readyReplicas"),
    ),
    ("autoscaling", "HorizontalPodAutoscaler"): _table(
        _text(
            "Reference",
            lambda item: (
                f"{at(item, 'spec', 'scaleTargetRef', 'kind')}/{at(item, 'spec', 'scaleTargetRef', 'name')}"
            ),
        ),
        _number("MinPods", "spec", "minReplicas"),
        _number("MaxPods", "spec", "maxReplicas"),
        _number("Replicas", "status", "currentReplicas"),
    ),
    ("batch", "Job"): _table(_text("Status", _job_status), _text("Completions", _completions)),
    ("coordination.k8s.io", "Lease"): _table(
        _text("Holder", _path("spec", "holderIdentity", default=""))
    ),
    ("discovery.k8s.io", "EndpointSlice"): _table(
        _text("AddressType", _path("addressType")),
        _text("Endpoints", _slice_endpoints),
    ),
    ("networking.k8s.io", "NetworkPolicy"): _table(
        _text("Pod-Selector", _selector("spec", "podSelector", "matchLabels"))
    ),
    ("policy", "PodDisruptionBudget"): _table(
        _text("Min Available", lambda item: str(at(item, "spec", "minAvailable", default="N/A"))),
        _text(
            "Max Unavailable", lambda item: str(at(item, "spec", "maxUnavailable", default="N/A"))
        ),
        _number("Allowed Disruptions", "status", "disruptionsAllowed"),
    ),
    ("rbac.authorization.k8s.io", "ClusterRole"): (NAME, Column("Created At", "string", AGE.value)),
    ("rbac.authorization.k8s.io", "Role"): (NAME, Column("Created At", "string", AGE.value)),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): _table(_text("Role", _role)),
    ("rbac.authorization.k8s.io", "RoleBinding"): _table(_text("Role", _role)),
    ("apiextensions.k8s.io", "CustomResourceDefinition"): (
        NAME,
        Column("Created At", "string", AGE.value),
    ),
}
