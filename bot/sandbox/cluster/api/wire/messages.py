"""Field numbers of the protobuf messages that typed Go clients (kubectl, helm) send on our paths.

Go clients speak protobuf wherever they know the type, and do not fall back. Kinds that are not here are refused by
their media type.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Field:
    """A field: its JSON name and its type, which is a scalar, `time`, or another message's name."""

    name: str
    type: str = "string"
    is_repeated: bool = False
    is_map: bool = False


Message = dict[int, Field]


def _message(**fields: str) -> Message:
    """Build a message from `name="number type"`, with `[]` and `{}` before the type for lists and maps."""
    built = {}
    for name, words in fields.items():
        number, _, kind = words.partition(" ")
        bare = kind.removeprefix("[]").removeprefix("{}") or "string"
        built[int(number)] = Field(name, bare, kind.startswith("[]"), kind.startswith("{}"))
    return built


MESSAGES: dict[str, Message] = {
    "ObjectMeta": _message(
        name="1",
        generateName="2",
        namespace="3",
        uid="5",
        resourceVersion="6",
        generation="7 count",
        creationTimestamp="8 time",
        deletionTimestamp="9 time",
        deletionGracePeriodSeconds="10 int",
        labels="11 {}string",
        annotations="12 {}string",
        ownerReferences="13 []OwnerReference",
        finalizers="14 []string",
        managedFields="17 []ManagedFieldsEntry",
    ),
    "OwnerReference": _message(
        kind="1",
        name="3",
        uid="4",
        apiVersion="5",
        controller="6 bool",
        blockOwnerDeletion="7 bool",
    ),
    "ManagedFieldsEntry": _message(
        manager="1",
        operation="2",
        apiVersion="3",
        time="4 time",
        fieldsType="6",
        fieldsV1="7 json",
        subresource="8",
    ),
    "Preconditions": _message(uid="1", resourceVersion="2"),
    "DeleteOptions": _message(
        gracePeriodSeconds="1 int",
        preconditions="2 Preconditions",
        orphanDependents="3 bool",
        propagationPolicy="4",
        dryRun="5 []string",
    ),
    "Secret": _message(
        metadata="1 ObjectMeta",
        data="2 {}bytes",
        type="3",
        stringData="4 {}string",
        immutable="5 bool",
    ),
    "ConfigMap": _message(
        metadata="1 ObjectMeta", data="2 {}string", binaryData="3 {}bytes", immutable="4 bool"
    ),
    "Namespace": _message(
        metadata="1 ObjectMeta", spec="2 NamespaceSpec", status="3 NamespaceStatus"
    ),
    "NamespaceSpec": _message(finalizers="1 []string"),
    "NamespaceStatus": _message(phase="1"),
    "LocalObjectReference": _message(name="1"),
    "ServiceAccount": _message(
        metadata="1 ObjectMeta",
        imagePullSecrets="3 []LocalObjectReference",
        automountServiceAccountToken="4 bool",
    ),
    "Role": _message(metadata="1 ObjectMeta", rules="2 []PolicyRule"),
    "ClusterRole": _message(metadata="1 ObjectMeta", rules="2 []PolicyRule"),
    "PolicyRule": _message(
        verbs="1 []string",
        apiGroups="2 []string",
        resources="3 []string",
        resourceNames="4 []string",
        nonResourceURLs="5 []string",
    ),
    "RoleBinding": _message(metadata="1 ObjectMeta", subjects="2 []Subject", roleRef="3 RoleRef"),
    "ClusterRoleBinding": _message(
        metadata="1 ObjectMeta", subjects="2 []Subject", roleRef="3 RoleRef"
    ),
    "Subject": _message(kind="1", apiGroup="2", name="3", namespace="4"),
    "RoleRef": _message(apiGroup="1", kind="2", name="3"),
    "Eviction": _message(metadata="1 ObjectMeta", deleteOptions="2 DeleteOptions"),
    "TokenRequest": _message(
        metadata="1 ObjectMeta", spec="2 TokenRequestSpec", status="3 ignored"
    ),
    "TokenRequestSpec": _message(audiences="1 []string", expirationSeconds="4 int"),
    "TokenReview": _message(metadata="1 ObjectMeta", spec="2 TokenReviewSpec", status="3 ignored"),
    "TokenReviewSpec": _message(token="1"),  # noqa: S106 - a field number
    "SelfSubjectReview": _message(metadata="1 ObjectMeta", status="2 ignored"),
    "SelfSubjectAccessReview": _message(
        metadata="1 ObjectMeta", spec="2 AccessReviewSpec", status="3 ignored"
    ),
    "SubjectAccessReview": _message(
        metadata="1 ObjectMeta", spec="2 AccessReviewSpec", status="3 ignored"
    ),
    "LocalSubjectAccessReview": _message(
        metadata="1 ObjectMeta", spec="2 AccessReviewSpec", status="3 ignored"
    ),
    "AccessReviewSpec": _message(
        resourceAttributes="1 ResourceAttributes",
        nonResourceAttributes="2 NonResourceAttributes",
        user="3",
        groups="4 []string",
        uid="6",
    ),
    "ResourceAttributes": _message(
        namespace="1", verb="2", group="3", version="4", resource="5", subresource="6", name="7"
    ),
    "NonResourceAttributes": _message(path="1", verb="2"),
    "SelfSubjectRulesReview": _message(
        metadata="1 ObjectMeta", spec="2 RulesReviewSpec", status="3 ignored"
    ),
    "RulesReviewSpec": _message(namespace="1"),
    "Deployment": _message(metadata="1 ObjectMeta", spec="2 DeploymentSpec", status="3 ignored"),
    "DeploymentSpec": _message(
        replicas="1 int", selector="2 LabelSelector", template="3 PodTemplate", strategy="4 ignored"
    ),
    "LabelSelector": _message(matchLabels="1 {}string"),
    "PodTemplate": _message(metadata="1 ObjectMeta", spec="2 PodSpec"),
    "PodSpec": _message(containers="2 []Container", securityContext="14 ignored"),
    "Container": _message(
        name="1",
        image="2",
        command="3 []string",
        args="4 []string",
        workingDir="5",
        ports="6 []ContainerPort",
        env="7 []EnvVar",
        resources="8 ignored",
    ),
    "ContainerPort": _message(name="1", containerPort="3 int", protocol="4"),
    "EnvVar": _message(name="1", value="2"),
}
