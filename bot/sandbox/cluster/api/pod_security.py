"""Hold pods against the Pod Security Standards that their namespace enforces."""

from collections.abc import Callable, Iterator
from typing import Any

from bot.sandbox.cluster.api import refusals
from bot.sandbox.cluster.api.cluster import Call, Cluster
from bot.sandbox.cluster.api.columns import at
from bot.sandbox.cluster.api.store import Key

Object = dict[str, Any]
Rule = Callable[[Object, Object], bool]

_LABEL = "pod-security.kubernetes.io"
_SAFE_CAPABILITIES = frozenset(
    [
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    ]
)
_SAFE_PROFILES = ("RuntimeDefault", "Localhost")


def check(cluster: Cluster, call: Call, pod: Object) -> None:
    """Let a pod pass, or name all that its namespace does not allow it.

    Raises:
        Refusal: the pod violates the level that the namespace enforces.
    """
    level = _level(cluster, call.namespace, "enforce")
    found = list(violations(pod.get("spec") or {}, level))
    if found:
        why = f'violates PodSecurity "{level}:latest": {", ".join(found)}'
        raise refusals.forbidden(call.resource, call.name, why)


def warn(cluster: Cluster, call: Call, workload: Object) -> None:
    """Warn whoever writes a workload whose pods would be refused."""
    level = _level(cluster, call.namespace, "enforce")
    found = list(violations(at(workload, "spec", "template", "spec", default={}), level))
    if found:
        call.warnings.append(f'would violate PodSecurity "{level}:latest": {", ".join(found)}')


def _level(cluster: Cluster, namespace: str, mode: str) -> str:
    found = cluster.store.get(Key("", "namespaces", "", namespace)) or {}
    labels = at(found, "metadata", "labels", default={})
    return str(labels.get(f"{_LABEL}/{mode}", "privileged"))


def violations(spec: Object, level: str) -> Iterator[str]:
    """Yield what the level does not allow, in the words of a real admission controller."""
    if level in ("baseline", "restricted"):
        yield from _host_violations(spec)
        yield from _broken(spec, _BASELINE)
    if level == "restricted":
        yield from _broken(spec, _RESTRICTED)


def _host_violations(spec: Object) -> Iterator[str]:
    shared = [name for name in ("hostNetwork", "hostPID", "hostIPC") if spec.get(name)]
    if shared:
        yield f"host namespaces ({', '.join(f'{name}=true' for name in shared)})"
    mounted = [each["name"] for each in spec.get("volumes") or [] if "hostPath" in each]
    if mounted:
        yield f"hostPath volumes ({_named('volume', mounted)})"


def _broken(spec: Object, rules: dict[str, tuple[str, Rule]]) -> Iterator[str]:
    containers = [
        each
        for kind in ("initContainers", "containers", "ephemeralContainers")
        for each in spec.get(kind) or []
    ]
    for title, (remedy, is_kept) in rules.items():
        at_fault = [each.get("name", "") for each in containers if not is_kept(spec, each)]
        if at_fault:
            yield f"{title} ({_named('container', at_fault)} {remedy})"


def _named(kind: str, names: list[str]) -> str:
    plural = "s" if len(names) > 1 else ""
    return f"{kind}{plural} {', '.join(f'{chr(34)}{name}{chr(34)}' for name in names)}"


def _own(container: Object, *path: str) -> Any:
    return at(container, "securityContext", *path)


def _unprivileged(_: Object, container: Object) -> bool:
    return _own(container, "privileged") is not True


def _known_capabilities(_: Object, container: Object) -> bool:
    return set(_own(container, "capabilities", "add") or ()) <= _SAFE_CAPABILITIES


def _no_escalation(_: Object, container: Object) -> bool:
    return _own(container, "allowPrivilegeEscalation") is False


def _dropped(_: Object, container: Object) -> bool:
    added = set(_own(container, "capabilities", "add") or ())
    return "ALL" in (_own(container, "capabilities", "drop") or ()) and added <= {
        "NET_BIND_SERVICE"
    }


def _not_root(spec: Object, container: Object) -> bool:
    own = _own(container, "runAsNonRoot")
    return bool(at(spec, "securityContext", "runAsNonRoot") if own is None else own)


def _confined(spec: Object, container: Object) -> bool:
    own = _own(container, "seccompProfile", "type")
    return (own or at(spec, "securityContext", "seccompProfile", "type")) in _SAFE_PROFILES


_BASELINE: dict[str, tuple[str, Rule]] = {
    "privileged": ("must not set securityContext.privileged=true", _unprivileged),
    "non-default capabilities": (
        "must not include capabilities beyond the default ones in securityContext.capabilities.add",
        _known_capabilities,
    ),
}
_RESTRICTED: dict[str, tuple[str, Rule]] = {
    "allowPrivilegeEscalation != false": (
        "must set securityContext.allowPrivilegeEscalation=false",
        _no_escalation,
    ),
    "unrestricted capabilities": ('must set securityContext.capabilities.drop=["ALL"]', _dropped),
    "runAsNonRoot != true": ("must set securityContext.runAsNonRoot=true", _not_root),
    "seccompProfile": (
        'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"',
        _confined,
    ),
}
