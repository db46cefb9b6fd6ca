"""What an AppProject lets its Applications do."""

import fnmatch

from bot.sandbox.cluster.controllers.argocd.repositories import normalised
from bot.sandbox.cluster.controllers.objects import Kind, Object

IN_CLUSTER = "https://kubernetes.default.svc"


def problems(application: Object, project: Object | None) -> list[str]:
    """List what forbids the Application as a whole, in Argo CD's words."""
    spec = application["spec"]
    if project is None:
        return [f"Application referencing project {spec['project']} which does not exist"]
    found = []
    source, destination = spec.get("source"), spec["destination"]
    if not source:
        found.append(
            "spec.source.repoURL and either spec.source.path or spec.source.chart are required"
        )
    elif not permits_source(project, source["repoURL"]):
        found.append(
            f"application repo {source['repoURL']} is not permitted in project '{spec['project']}'"
        )
    server = server_of(destination)
    if server != IN_CLUSTER:
        found.append(f"there is no cluster {server!r}: the sandbox has one, {IN_CLUSTER}")
    elif not permits_destination(project, destination.get("namespace", "")):
        found.append(
            f"application destination server '{server}' and namespace "
            f"'{destination.get('namespace', '')}' do not match any of the allowed destinations "
            f"in project '{spec['project']}'"
        )
    return found


def server_of(destination: Object) -> str:
    """Read the cluster's address; `in-cluster` is a name for Argo CD's own."""
    name = destination.get("name")
    return IN_CLUSTER if name == "in-cluster" else destination.get("server") or f"name:{name}"


def permits_source(project: Object, url: str) -> bool:
    """Whether a repository is among the project's."""
    return _permits(project["spec"].get("sourceRepos") or [], normalised(url), normalise=True)


def permits_destination(project: Object, namespace: str) -> bool:
    """Whether the project may put something into a namespace of this cluster."""
    allowed = project["spec"].get("destinations") or []
    patterns = [
        entry.get("namespace", "")
        for entry in allowed
        if fnmatch.fnmatchcase(IN_CLUSTER, entry.get("server") or "")
        or entry.get("name") in {"in-cluster", "*"}
    ]
    return _permits(patterns, namespace)


def permits_kind(project: Object, kind: Kind, *, is_namespaced: bool) -> bool:
    """Whether the project may make objects of a kind: cluster kinds are forbidden unless listed."""
    spec = project["spec"]
    if is_namespaced:
        allowed = spec.get("namespaceResourceWhitelist")
        denied = spec.get("namespaceResourceBlacklist") or []
        return (allowed is None or _lists(allowed, kind)) and not _lists(denied, kind)
    denied = spec.get("clusterResourceBlacklist") or []
    return _lists(spec.get("clusterResourceWhitelist") or [], kind) and not _lists(denied, kind)


def _lists(entries: list[Object], kind: Kind) -> bool:
    return any(
        fnmatch.fnmatchcase(kind.group, entry["group"])
        and fnmatch.fnmatchcase(kind.kind, entry["kind"])
        for entry in entries
    )


def _permits(patterns: list[str], value: str, *, normalise: bool = False) -> bool:
    """Match with the last word for patterns that deny (`!...`)."""
    denied = [pattern[1:] for pattern in patterns if pattern.startswith("!")]
    allowed = [pattern for pattern in patterns if not pattern.startswith("!")]
    read = normalised if normalise else str
    return any(fnmatch.fnmatchcase(value, read(pattern)) for pattern in allowed) and not any(
        fnmatch.fnmatchcase(value, read(pattern)) for pattern in denied
    )
