"""What Argo CD, Crossplane and the gateway do not do."""

from bot.domain.causes.known_cause import Helper, KnownCause

_DEPLOYMENT = ("await_deployment",)
_ENVIRONMENT = ("await_deployment", "declare_environment")

CAUSES = (
    KnownCause(
        name="environment-kind-missing",
        signs=(
            r"does not know \S*idp\.internal",
            'make sure the "ApplicationEnvironment" CRD is installed',
            'no matches for kind "ApplicationEnvironment"',
        ),
        meaning="The cluster does not know what an ApplicationEnvironment is: its definition (XRD) is not installed.",
        fix="Let Argo CD apply the chart helm/compositions, then press Retry.",
        helper=Helper.PLATFORM_TEAM,
    ),
    KnownCause(
        name="kind-not-installed",
        steps=_DEPLOYMENT,
        signs=(r'make sure the "\S+" CRD is installed', 'no matches for kind "'),
        meaning="The deployment repository asks for an object of a kind that the cluster does not know.",
        fix="Install what brings the kind (its CRD), or take the object out of the deployment repository and commit.",
        helper=Helper.PLATFORM_TEAM,
    ),
    KnownCause(
        name="crossplane-composition-missing",
        steps=_ENVIRONMENT,
        signs=(
            "no compatible Compositions found",
            r"cannot (select|get|find|fetch) Composition\b",
            r"Composition\S* \S+ not found",
        ),
        meaning="Crossplane has no Composition for the environment, so it makes nothing of it.",
        fix="Let Argo CD apply the chart helm/compositions; it goes on by itself then.",
        helper=Helper.PLATFORM_TEAM,
    ),
    KnownCause(
        name="crossplane-function-missing",
        steps=_ENVIRONMENT,
        signs=(
            "cannot find an active FunctionRevision",
            "cannot get gRPC client connection for Function",
            "cannot run Function .*code = Unavailable",
            r"Function\S* \S+ not found",
        ),
        meaning="Crossplane cannot run the function that the Composition asks for: it is not installed or not healthy.",
        fix="Install the function that helm/compositions names and look at its pod; it goes on by itself then.",
        helper=Helper.PLATFORM_TEAM,
    ),
    KnownCause(
        name="crossplane-function-failed",
        steps=_ENVIRONMENT,
        signs=("cannot run Function", "returned a fatal result"),
        meaning="The function that makes the environment runs, and ended with an error of its own.",
        fix="Mend the function's script in helm/compositions as the error says; it goes on by itself then.",
        helper=Helper.PLATFORM_TEAM,
    ),
    KnownCause(
        name="crossplane-cannot-compose",
        steps=_ENVIRONMENT,
        signs=(r"Crossplane to compose the environment \(ReconcileError",),
        meaning="Crossplane tried to make the environment and met an error.",
        fix="Look at the ApplicationEnvironment's conditions and at Crossplane's rights, and mend what they name.",
        helper=Helper.PLATFORM_TEAM,
    ),
    KnownCause(
        name="environment-not-applied",
        steps=_ENVIRONMENT,
        signs=("still waiting for Argo CD to apply the environment's manifest",),
        meaning="The manifest is committed, and Argo CD's Application user-apps has not brought it to the cluster.",
        fix="Look at the Application user-apps in Argo CD and sync it, then press Retry.",
        helper=Helper.PLATFORM_TEAM,
    ),
    KnownCause(
        name="argocd-project-forbids",
        steps=_DEPLOYMENT,
        signs=("is not permitted in project", "not allowed in project", "do not match any of the"),
        meaning="The team's AppProject does not allow what the deployment repository asks for.",
        fix="Take it out of the deployment repository, or have the AppProject allow it.",
        helper=Helper.PLATFORM_TEAM,
    ),
    KnownCause(
        name="argocd-out-of-order",
        steps=_DEPLOYMENT,
        signs=(
            "code = (Unavailable|DeadlineExceeded|ResourceExhausted)",
            "failed to load live state",
            "failed to get cluster info",
        ),
        meaning="Argo CD's own parts do not reach each other or the cluster, or have too much to do.",
        fix="Look at the pods of Argo CD (repo-server, application-controller) and their limits; it goes on by itself then.",
        helper=Helper.PLATFORM_TEAM,
    ),
    KnownCause(
        name="argocd-repository-unreadable",
        steps=_DEPLOYMENT,
        signs=(
            "authentication required",
            "repository not found",
            "failed to list refs",
            r"unable to resolve '\S*' to a commit",
            "HTTP Basic: Access denied",
            "Authentication failed for",
            "Could not read from remote repository",
            "failed to generate manifest.*x509: ",
        ),
        meaning="Argo CD cannot read the deployment repository: it has no valid token for it, or no way there.",
        fix="Put a GitLab token with read_repository into Argo CD's repository credentials (docs/connecting.md), and "
        "GitLab's certificate authority where it is your own.",
        helper=Helper.PLATFORM_TEAM,
    ),
    KnownCause(
        name="release-name-too-long",
        steps=_DEPLOYMENT,
        signs=("release name check failed", "invalid release name"),
        meaning="The full name (owner, system and name) has more than the 53 characters that Helm takes; no chart mends that.",
        fix="Choose a shorter name: with Fix input once it has failed, or cancel it and ask again.",
        helper=Helper.REQUESTER,
        fields=("name",),
    ),
    KnownCause(
        name="chart-not-rendering",
        steps=_DEPLOYMENT,
        signs=(
            "helm template",
            "failed to generate manifest",
            "app path does not exist",
            "manifest generation error",
        ),
        meaning="Argo CD reads the deployment repository, and its chart gives no valid manifests.",
        fix="Mend the chart or its values in the deployment repository and commit; Argo CD goes on by itself then.",
        helper=Helper.REQUESTER,
    ),
    KnownCause(
        name="argocd-lacks-rights",
        steps=_DEPLOYMENT,
        signs=(r'User "system:serviceaccount:\S+" cannot \w+ resource',),
        meaning="Argo CD's own account in the cluster may not apply an object of this kind.",
        fix="Give Argo CD's application controller the right that the error names, then press Retry.",
        helper=Helper.PLATFORM_TEAM,
    ),
    KnownCause(
        name="argocd-sync-failed",
        steps=_DEPLOYMENT,
        signs=("Argo CD could not sync", "one or more objects failed to apply"),
        meaning="Argo CD tried to apply the deployment repository, and the cluster refused a part of it.",
        fix="Mend what Argo CD names in the deployment repository and commit, then press Retry.",
        helper=Helper.REQUESTER,
    ),
)
