"""Write an Application's status as Argo CD does."""

from collections.abc import Iterable
from dataclasses import dataclass

from bot.sandbox.cluster.controllers.argocd.comparison import Comparison, Managed, SyncStatus
from bot.sandbox.cluster.controllers.argocd.health import HealthStatus
from bot.sandbox.cluster.controllers.objects import Object, annotations, timestamp

LINK = "link.argocd.argoproj.io/"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look at an Application found; without a comparison something kept it from being made."""

    revision: str
    comparison: Comparison | None
    # Types with messages.
    conditions: tuple[tuple[str, str], ...] = ()


def status_of(application: Object, finding: Finding) -> Object:
    """Build what one look has to say; the state of operations and the history are not its business.

    A source that cannot be rendered says nothing about what is live: that part then stays as it was.
    """
    before, comparison = application.get("status") or {}, finding.comparison
    status: Object = {
        "conditions": _conditions(before.get("conditions") or [], finding.conditions) or None,
        "controllerNamespace": application["metadata"]["namespace"],
        "sync": _sync(application, finding),
    }
    if comparison:
        status |= {
            "health": _health(before.get("health") or {}, comparison.health),
            "resourceHealthSource": "appTree",
            "resources": [_resource(managed) for managed in comparison.resources],
            "sourceType": "Helm" if "helm" in application["spec"]["source"] else "Directory",
            "summary": _summary(comparison.resources),
        }
    elif "health" not in before:
        status["health"] = _health({}, HealthStatus.UNKNOWN)
    return status


def _sync(application: Object, finding: Finding) -> Object:
    spec = application["spec"]
    status = finding.comparison.sync if finding.comparison else SyncStatus.UNKNOWN
    compared = {name: spec[name] for name in ("source", "destination") if name in spec}
    sync: Object = {"status": status.value, "comparedTo": compared}
    return sync | ({"revision": finding.revision} if finding.revision else {})


def _health(before: Object, status: HealthStatus) -> Object:
    is_same = before.get("status") == status.value
    since = before.get("lastTransitionTime") if is_same else None
    return {"status": status.value, "lastTransitionTime": since or timestamp()}


def _conditions(before: list[Object], found: Iterable[tuple[str, str]]) -> list[Object]:
    since = {(c["type"], c["message"]): c.get("lastTransitionTime") for c in before}
    return [
        {
            "type": kind,
            "message": message,
            "lastTransitionTime": since.get((kind, message)) or timestamp(),
        }
        for kind, message in found
    ]


def _resource(managed: Managed) -> Object:
    entry: Object = {
        "version": managed.kind.version,
        "kind": managed.kind.kind,
        "name": managed.key.name,
        "status": SyncStatus.SYNCED.value if managed.is_synced else SyncStatus.OUT_OF_SYNC.value,
    }
    optional = {
        "group": managed.kind.group,
        "namespace": managed.key.namespace,
        "syncWave": managed.wave,
        "requiresPruning": managed.target is None,
    }
    return entry | {name: value for name, value in optional.items() if value}


def _summary(resources: Iterable[Managed]) -> Object:
    images, links = set(), set()
    for managed in resources:
        live = managed.live or {"metadata": {}}
        template = ((live.get("spec") or {}).get("template") or {}).get("spec") or {}
        images |= {container["image"] for container in template.get("containers") or []}
        links |= {url for name, url in annotations(live).items() if name.startswith(LINK)}
    summary = {"images": sorted(images), "externalURLs": sorted(links)}
    return {name: values for name, values in summary.items() if values}
