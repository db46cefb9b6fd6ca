"""What keeps an application from running once Argo CD brings it to the cluster."""

from bot.domain.causes.known_cause import Helper, KnownCause

_DEPLOYMENT = ("await_deployment",)

CAUSES = (
    KnownCause(
        name="host-taken",
        signs=(
            "is already defined in ingress",
            "HostnameConflict",
            "has the host name too",
            "is making something of the same name",
        ),
        meaning="Something else already answers at this host name, or is about to.",
        fix="Choose another host name, or have the other one given up, then press Retry.",
        helper=Helper.REQUESTER,
        fields=("hostname", "name"),
    ),
    KnownCause(
        name="quota-exceeded",
        steps=_DEPLOYMENT,
        signs=("exceeded quota", "failed quota"),
        meaning="The namespace has used up its resource quota, so nothing more is let in.",
        fix="Ask for less in the deployment repository's `values.yaml` (replicas, resources), or have the quota raised.",
        helper=Helper.PLATFORM_TEAM,
    ),
    KnownCause(
        name="admission-refused",
        steps=_DEPLOYMENT,
        signs=(
            r"admission webhook \S+ denied",
            "violates PodSecurity",
            "ValidatingAdmissionPolicy .* denied",
        ),
        meaning="A policy of the cluster (Kyverno, Pod Security, an admission policy) refused a manifest.",
        fix="Mend the manifest in the deployment repository as the policy says and commit, or ask for an exception.",
        helper=Helper.REQUESTER,
    ),
    KnownCause(
        name="image-not-pulled",
        steps=_DEPLOYMENT,
        signs=(
            "ErrImagePull",
            "ImagePullBackOff",
            "InvalidImageName",
            "failed to pull image",
            "back-off pulling image",
        ),
        meaning="The cluster cannot pull the image: it is not in the registry, or the nodes have no right to read it.",
        fix="Check that the image is there, and give the nodes the registry's credentials (`imagePullSecrets`).",
        helper=Helper.PLATFORM_TEAM,
    ),
    KnownCause(
        name="container-configuration-missing",
        steps=_DEPLOYMENT,
        signs=("CreateContainerConfigError", "CreateContainerError"),
        meaning="The container needs a Secret, a ConfigMap or a key of one that is not in the namespace.",
        fix="Add what it names to the deployment repository, or create it in the namespace.",
        helper=Helper.REQUESTER,
    ),
    KnownCause(
        name="container-out-of-memory",
        steps=_DEPLOYMENT,
        signs=("OOMKilled",),
        meaning="The container needs more memory than it may have, and is stopped each time.",
        fix="Raise the memory limit in the deployment repository's `values.yaml`, or make it need less.",
        helper=Helper.REQUESTER,
    ),
    KnownCause(
        name="container-crashes",
        steps=_DEPLOYMENT,
        signs=(
            "CrashLoopBackOff",
            "back-off .*restarting failed container",
            "RunContainerError",
            "StartError",
            "ended and was started again",
        ),
        meaning="The application starts and ends at once, again and again.",
        fix="Look at the container's log in Argo CD, mend it in the application repository and commit.",
        helper=Helper.REQUESTER,
    ),
    KnownCause(
        name="not-schedulable",
        steps=_DEPLOYMENT,
        signs=("Unschedulable", r"\d+/\d+ nodes are available", "FailedScheduling"),
        meaning="No node of the cluster has room for the application, or none may take it.",
        fix="Add nodes, or ask for less in the deployment repository's `values.yaml` (resources).",
        helper=Helper.PLATFORM_TEAM,
    ),
    KnownCause(
        name="not-ready",
        steps=_DEPLOYMENT,
        signs=(
            "progress deadline",
            "ProgressDeadlineExceeded",
            "readiness probe failed",
            "containers with unready status",
        ),
        meaning="The application runs, but does not answer its readiness probe, so it gets no requests.",
        fix="Look at its log in Argo CD, and at the probe's path and port in the deployment repository.",
        helper=Helper.REQUESTER,
    ),
    KnownCause(
        name="route-refused",
        steps=_DEPLOYMENT,
        signs=(
            "NotAllowedByListeners",
            "NoMatchingListenerHostname",
            "NoMatchingParent",
            "RefNotPermitted",
            "BackendNotFound",
            "UnsupportedValue",
        ),
        meaning="The gateway does not take the application's route: it has no listener for the host, or allows none here.",
        fix="Compare the route's `gateway` and host in the deployment repository with the gateway's listeners.",
        helper=Helper.PLATFORM_TEAM,
    ),
)
