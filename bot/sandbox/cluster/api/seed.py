"""What is in a new cluster: namespaces, the usual roles, the shipped definitions, the bot's account."""

import functools
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bot.sandbox.cluster.api import definitions, identity, rbac, writing
from bot.sandbox.cluster.api.cluster import Call, Cluster
from bot.sandbox.cluster.api.store import Change, Key
from bot.sandbox.cluster.api.wire import bodies

Object = dict[str, Any]

CRDS = Path(__file__).parent.parent / "crds"
BOT_NAMESPACE, BOT_ACCOUNT = "idp", "idp-bot"
_NAMESPACES = (
    "default",
    "kube-system",
    "kube-public",
    "argocd",
    "crossplane-system",
    "gateway",
    BOT_NAMESPACE,
)
_READ = ["get", "list", "watch"]
_EVERY_VERB = ["*"]


def seed(cluster: Cluster) -> None:
    """Make what is missing; what somebody has changed stays."""
    for body in itertools.chain(_namespaces(), _definitions(), _roles(), _bindings()):
        _ensure(cluster, body)
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": BOT_ACCOUNT}}
    _ensure(cluster, account, namespace=BOT_NAMESPACE)


def _ensure(cluster: Cluster, body: Object, *, namespace: str = "") -> None:
    resource = cluster.registry.of_kind(body["apiVersion"], body["kind"])
    if resource is None:
        raise LookupError(f"no kind {body['kind']} in {body['apiVersion']}")
    name = body["metadata"]["name"]
    if cluster.store.get(Key(resource.group, resource.plural, namespace, name)) is None:
        call = Call(identity.ADMIN, "create", resource, namespace=namespace, user_agent="kubeadm")
        writing.create(cluster, call, body)


def follow(cluster: Cluster) -> None:
    """Serve what definitions define, and give each namespace its default account, from now on."""
    for definition in cluster.store.of_kind(definitions.GROUP, definitions.PLURAL):
        _serve(cluster, definition)
    cluster.store.listen(lambda change: _followed(cluster, change))


def _followed(cluster: Cluster, change: Change) -> None:
    kind = (change.key.group, change.key.plural)
    if kind == (definitions.GROUP, definitions.PLURAL):
        spec = change.body["spec"]
        if change.previous is None or change.previous["spec"] != spec or change.type == "DELETED":
            cluster.registry.remove(spec["group"], spec["names"]["plural"])
            if change.type != "DELETED":
                _serve(cluster, change.body)
    elif kind == ("", "namespaces") and change.type == "ADDED":
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
        _ensure(cluster, account, namespace=change.key.name)


def _serve(cluster: Cluster, definition: Object) -> None:
    for resource in definitions.resources(definition):
        cluster.registry.add(resource)


def _namespaces() -> Iterator[Object]:
    for name in _NAMESPACES:
        yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


@functools.cache
def _definitions() -> tuple[Object, ...]:
    """Read the shipped files once a process; what is handed out is never changed."""
    texts = [path.read_text() for path in sorted(CRDS.glob("*.yaml"))]
    return tuple(body for text in texts for body in bodies.all_from_yaml(text))


def _role(name: str, *rules: Object) -> Object:
    return {
        "apiVersion": f"{rbac.GROUP}/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name},
        "rules": list(rules),
    }


def _rule(groups: str, resources: str, verbs: list[str]) -> Object:
    """Build a rule from words; the core group is written as a dash."""
    named = ["" if group == "-" else group for group in groups.split()]
    return {"apiGroups": named, "resources": resources.split(), "verbs": verbs}


def _paths(*urls: str) -> Object:
    return {"nonResourceURLs": list(urls), "verbs": ["get"]}


def _roles() -> Iterator[Object]:
    workloads = (
        "pods pods/log services serviceaccounts configmaps endpoints events deployments replicasets "
        "jobs horizontalpodautoscalers poddisruptionbudgets networkpolicies resourcequotas limitranges namespaces"
    )
    workload_groups = "- apps batch autoscaling policy networking.k8s.io"
    yield _role(
        "cluster-admin",
        _rule("*", "*", _EVERY_VERB),
        {"nonResourceURLs": ["*"], "verbs": _EVERY_VERB},
    )
    yield _role(
        "admin",
        _rule(workload_groups, f"{workloads} secrets", _EVERY_VERB),
        _rule(rbac.GROUP, "roles rolebindings", _EVERY_VERB),
    )
    yield _role("edit", _rule(workload_groups, f"{workloads} secrets", _EVERY_VERB))
    yield _role("view", _rule(workload_groups, workloads, _READ))
    yield _role(
        "system:discovery", _paths("/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*")
    )
    yield _role(
        "system:basic-user",
        _rule(
            "authorization.k8s.io", "selfsubjectaccessreviews selfsubjectrulesreviews", ["create"]
        ),
        _rule("authentication.k8s.io", "selfsubjectreviews", ["create"]),
    )
    yield _role(
        "idp-bot",
        _rule("idp.internal", "*", _READ),
        _rule("argoproj.io", "applications appprojects", _READ),
        _rule("apiextensions.crossplane.io", "compositeresourcedefinitions compositions", _READ),
        _rule("apiextensions.k8s.io", "customresourcedefinitions", _READ),
        _rule("-", "namespaces pods pods/log services events", _READ),
        _rule("apps", "deployments replicasets", _READ),
        _rule("gateway.networking.k8s.io", "gateways httproutes", _READ),
    )


def _bindings() -> Iterator[Object]:
    everybody = {"kind": "Group", "apiGroup": rbac.GROUP, "name": "system:authenticated"}
    masters = {"kind": "Group", "apiGroup": rbac.GROUP, "name": "system:masters"}
    bot = {"kind": "ServiceAccount", "namespace": BOT_NAMESPACE, "name": BOT_ACCOUNT}
    for role, subject in (
        ("cluster-admin", masters),
        ("system:discovery", everybody),
        ("system:basic-user", everybody),
        ("idp-bot", bot),
    ):
        yield {
            "apiVersion": f"{rbac.GROUP}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": role},
            "roleRef": {"apiGroup": rbac.GROUP, "kind": "ClusterRole", "name": role},
            "subjects": [subject],
        }
