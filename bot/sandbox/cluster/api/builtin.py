"""The built-in kinds that this server serves, as a table."""

import functools

from bot.sandbox.cluster.api import columns, models
from bot.sandbox.cluster.api.resources import CREATE_ONLY, WRITABLE, Resource, ScalePaths

_REPLICAS = ScalePaths()


def _kind(  # noqa: PLR0913 - one row of the table below
    api_version: str,
    kind: str,
    plural: str,
    words: str = "",
    *,
    cluster: bool = False,
    sub: str = "",
    model: str = "",
    verbs: tuple[str, ...] = WRITABLE,
) -> Resource:
    """Build a row; `words` are short names, and categories behind a slash."""
    group, _, version = api_version.rpartition("/")
    short, _, categories = words.partition("/")
    name = model or f"{version.capitalize()}{kind}"
    return Resource(
        group=group,
        version=version,
        kind=kind,
        plural=plural,
        namespaced=not cluster,
        schema=functools.partial(models.schema_of, name),
        short_names=tuple(short.split()),
        categories=tuple(categories.split()),
        subresources=frozenset(sub.split()),
        columns=columns.BUILTIN.get((group, kind), columns.AGE_ONLY),
        scale=_REPLICAS if "scale" in sub.split() else None,
        verbs=verbs,
        model=name,
    )


def _review(api_version: str, kind: str, *, cluster: bool = True) -> Resource:
    """Build a question that is answered and not stored."""
    return _kind(api_version, kind, f"{kind.lower()}s", cluster=cluster, verbs=CREATE_ONLY)


_RBAC = "rbac.authorization.k8s.io/v1"
_REVIEWS = "authorization.k8s.io/v1"
_TOKENS = "authentication.k8s.io/v1"


def load_schemas() -> None:
    """Read all schemas now, so that no request waits for the first Pod's: there are hundreds of models behind it."""
    models.keep({"V1ObjectMeta", *(resource.model for resource in RESOURCES)})


RESOURCES: tuple[Resource, ...] = (
    _kind("v1", "ConfigMap", "configmaps", "cm"),
    _kind("v1", "Endpoints", "endpoints", "ep"),
    _kind("v1", "Event", "events", "ev", model="CoreV1Event"),
    _kind("v1", "LimitRange", "limitranges", "limits"),
    _kind("v1", "Namespace", "namespaces", "ns", cluster=True, sub="status finalize"),
    _kind("v1", "Node", "nodes", "no", cluster=True, sub="status"),
    _kind("v1", "Pod", "pods", "po/all", sub="status log eviction"),
    _kind("v1", "ResourceQuota", "resourcequotas", "quota", sub="status"),
    _kind("v1", "Secret", "secrets"),
    _kind("v1", "ServiceAccount", "serviceaccounts", "sa", sub="token"),
    _kind("v1", "Service", "services", "svc/all", sub="status"),
    _kind("apps/v1", "Deployment", "deployments", "deploy/all", sub="status scale"),
    _kind("apps/v1", "ReplicaSet", "replicasets", "rs/all", sub="status scale"),
    _kind(
        "autoscaling/v2",
        "HorizontalPodAutoscaler",
        "horizontalpodautoscalers",
        "hpa/all",
        sub="status",
    ),
    _kind("batch/v1", "Job", "jobs", "/all", sub="status"),
    _kind("coordination.k8s.io/v1", "Lease", "leases"),
    _kind("discovery.k8s.io/v1", "EndpointSlice", "endpointslices"),
    _kind("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies", "netpol"),
    _kind("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets", "pdb", sub="status"),
    _kind(_RBAC, "ClusterRole", "clusterroles", cluster=True),
    _kind(_RBAC, "ClusterRoleBinding", "clusterrolebindings", cluster=True),
    _kind(_RBAC, "Role", "roles"),
    _kind(_RBAC, "RoleBinding", "rolebindings"),
    _kind(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        "customresourcedefinitions",
        "crd crds/api-extensions",
        cluster=True,
        sub="status",
    ),
    _review(_REVIEWS, "SelfSubjectAccessReview"),
    _review(_REVIEWS, "SelfSubjectRulesReview"),
    _review(_REVIEWS, "SubjectAccessReview"),
    _review(_REVIEWS, "LocalSubjectAccessReview", cluster=False),
    _review(_TOKENS, "SelfSubjectReview"),
    _review(_TOKENS, "TokenReview"),
)
