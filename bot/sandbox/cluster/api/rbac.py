"""Decide by roles and bindings what a user may do."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bot.sandbox.cluster.api import selectors
from bot.sandbox.cluster.api.cluster import Call, Cluster, User
from bot.sandbox.cluster.api.store import Key

Object = dict[str, Any]

GROUP = "rbac.authorization.k8s.io"
_PREFIX = "system:serviceaccount:"


@dataclass(frozen=True, slots=True)
class Attempt:
    """What somebody wants to do, in the words of a rule."""

    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""

    @property
    def resource_path(self) -> str:
        """The resource as rules write it, with its subresource."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


def attempt_of(call: Call) -> Attempt:
    """Return what a request attempts."""
    name = call.name or _selected_name(call)
    return Attempt(
        call.verb,
        call.resource.group,
        call.resource.plural,
        call.subresource,
        call.namespace,
        name,
    )


def _selected_name(call: Call) -> str:
    """A list or watch of one name counts as a request for that name, as in a real server."""
    selector = call.query.get("fieldSelector", "")
    prefix = "metadata.name="
    return (
        selector.removeprefix(prefix) if selector.startswith(prefix) and "," not in selector else ""
    )


def is_allowed(cluster: Cluster, user: User, attempt: Attempt) -> bool:
    """Whether some rule lets the user do it; nothing is allowed that no rule allows."""
    if "system:masters" in user.groups:
        return True
    return any(_permits(rule, attempt) for rule in rules_for(cluster, user, attempt.namespace))


def refusal_text(user: User, attempt: Attempt) -> str:
    """Say who may not do what, where, as kubectl's users know it."""
    if attempt.path:
        return f'User "{user.name}" cannot {attempt.verb} path "{attempt.path}"'
    where = (
        f'in the namespace "{attempt.namespace}"' if attempt.namespace else "at the cluster scope"
    )
    return (
        f'User "{user.name}" cannot {attempt.verb} resource "{attempt.resource_path}" '
        f'in API group "{attempt.group}" {where}'
    )


def rules_for(cluster: Cluster, user: User, namespace: str) -> Iterator[Object]:
    """Yield the rules that bind the user, cluster-wide and in one namespace."""
    for binding in cluster.store.of_kind(GROUP, "clusterrolebindings"):
        if _names(binding, user, ""):
            yield from _rules_of(cluster, binding["roleRef"], "")
    if not namespace:
        return
    for binding in cluster.store.of_kind(GROUP, "rolebindings", namespace):
        if _names(binding, user, namespace):
            yield from _rules_of(cluster, binding["roleRef"], namespace)


def _names(binding: Object, user: User, namespace: str) -> bool:
    for subject in binding.get("subjects") or []:
        match subject.get("kind"):
            case "User" if subject.get("name") == user.name:
                return True
            case "Group" if subject.get("name") in user.groups:
                return True
            case "ServiceAccount":
                home = subject.get("namespace") or namespace
                if user.name == f"{_PREFIX}{home}:{subject.get('name')}":
                    return True
    return False


def _rules_of(cluster: Cluster, reference: Object, namespace: str) -> Iterator[Object]:
    is_role = reference.get("kind") == "Role"
    plural = "roles" if is_role else "clusterroles"
    key = Key(GROUP, plural, namespace if is_role else "", reference.get("name", ""))
    role = cluster.store.get(key)
    if role is not None:
        yield from role_rules(cluster, role)


def role_rules(cluster: Cluster, role: Object) -> Iterator[Object]:
    """Yield a role's own rules, and those of the roles that an aggregating one gathers."""
    yield from role.get("rules") or []
    for selector in (role.get("aggregationRule") or {}).get("clusterRoleSelectors") or []:
        wanted = ",".join(
            f"{key}={value}" for key, value in selector.get("matchLabels", {}).items()
        )
        matches = selectors.of_labels(wanted)
        for other in cluster.store.of_kind(GROUP, "clusterroles"):
            if other["metadata"]["name"] != role["metadata"]["name"] and matches(other):
                yield from role_rules(cluster, other)


def _permits(rule: Object, attempt: Attempt) -> bool:
    if not _has(rule.get("verbs"), attempt.verb):
        return False
    if attempt.path:
        return any(_covers(pattern, attempt.path) for pattern in rule.get("nonResourceURLs") or [])
    names = rule.get("resourceNames") or []
    return (
        _has(rule.get("apiGroups"), attempt.group)
        and _has_resource(rule.get("resources") or [], attempt)
        and (not names or attempt.name in names)
    )


def _has(wanted: list[str] | None, value: str) -> bool:
    return bool(wanted) and ("*" in (wanted or ()) or value in (wanted or ()))


def _has_resource(resources: list[str], attempt: Attempt) -> bool:
    every_sub = f"*/{attempt.subresource}" if attempt.subresource else "*"
    return "*" in resources or attempt.resource_path in resources or every_sub in resources


def _covers(pattern: str, path: str) -> bool:
    return path.startswith(pattern.removesuffix("*")) if pattern.endswith("*") else path == pattern
