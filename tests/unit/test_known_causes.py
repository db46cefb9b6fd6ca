"""What goes wrong often is recognised by what GitLab, Backstage, Argo CD, Crossplane, kubelets and visitors say of it."""

import pytest

from bot.domain.causes.known import KNOWN, cause_named, recognise

SYNC = "Argo CD to sync revision 0123abcd (now Unknown): "
HEALTH = "the application to become healthy (now Progressing): "
LOAD = (
    f"{SYNC}ComparisonError: Failed to load target state: failed to generate manifest for source 1 of 1: "
    "rpc error: code = Unknown desc = "
)
BUSY = LOAD.replace("code = Unknown", "code = {}")
COMPOSE = "Crossplane to compose the environment (ReconcileError: cannot compose resources: "
APPLY = f"{SYNC}one or more objects failed to apply, reason: "
CREATE = f'{HEALTH}Deployment web: FailedCreate: pods "web-7d9c-" is forbidden: '
LOG = "The pipeline's {} job failed:\n$ {}\n{}\nERROR: Job failed: exit code 1"
DOING = "create the project idp/payments/checkout-hello"
PAGE = "https://gitlab.example.com/idp/payments/checkout-hello/-/blob/main/catalog-info.yaml"

SAID = {
    "gitlab-token-scope": [
        (
            "create_app_repository",
            (
                f"The bot's GitLab token has no right to {DOING}: insufficient_scope: The request requires higher "
                "privileges than provided by the access token."
            ),
        ),
    ],
    "gitlab-token-refused": [
        (
            "undo:create_app_repository",
            "GitLab refused the bot's token: invalid_token: Token was revoked. You have to re-authorize from the user.",
        ),
        (
            "create_app_repository",
            (
                "GitLab refused the bot's token: invalid_token: Token is expired. You can either do re-authorization or "
                "token refresh."
            ),
        ),
        ("await_pipeline", "GitLab refused the bot's token: 401 Unauthorized"),
    ],
    "gitlab-role-too-low": [
        ("create_app_repository", f"GitLab does not let the bot {DOING}: 403 Forbidden"),
    ],
    "gitlab-group-missing": [
        (
            "create_app_repository",
            "There is no GitLab group idp/payments that the bot can see.",
        ),
        (
            "create_app_repository",
            f"GitLab found nothing there when the bot tried to {DOING}: 404 Group Not Found",
        ),
        ("create_app_repository", f"GitLab refused to {DOING}: namespace is not valid"),
    ],
    "gitlab-project-missing": [
        (
            "await_pipeline",
            "GitLab found nothing there when the bot tried to read a log: 404 Project Not Found",
        ),
    ],
    "gitlab-name-taken": [
        (
            "create_app_repository",
            (
                f"GitLab could not {DOING}: project_namespace.path has already been taken; path has already been taken. "
                "Something deleted may still hold the name."
            ),
        ),
        (
            "create_deployment_repository",
            "The GitLab project idp/payments/checkout-hello exists already and was not made for this request.",
        ),
    ],
    "gitlab-name-still-held": [
        (
            "create_app_repository",
            "The GitLab project idp/payments/checkout-hello is about to be deleted and still holds its name.",
        ),
        (
            "create_app_repository",
            (
                f"GitLab could not {DOING} yet: base The project is still being deleted. Please try again later. That "
                "happened 10 times in a row."
            ),
        ),
    ],
    "gitlab-name-not-allowed": [
        (
            "create_app_repository",
            (
                f"GitLab refused to {DOING}: path can only include non-accented letters, digits, '_', '-' and '.'. It must "
                "not start with '-', '_', or '.'"
            ),
        ),
        ("create_app_repository", f"GitLab refused to {DOING}: path badges is a reserved name"),
    ],
    "gitlab-protected-branch": [
        (
            "declare_environment",
            "GitLab refused to commit: You are not allowed to push into this branch",
        ),
        (
            "declare_environment",
            "GitLab: You are not allowed to push code to protected branches on this project.",
        ),
    ],
    "gitlab-visibility-not-allowed": [
        (
            "create_app_repository",
            f"GitLab refused to {DOING}: visibility_level public is not allowed in a private group.",
        ),
        (
            "create_app_repository",
            f"GitLab refused to {DOING}: visibility_level public has been restricted by your GitLab administrator",
        ),
    ],
    "gitlab-project-limit": [
        (
            "create_app_repository",
            (
                f"GitLab refused to {DOING}: limit_reached Your project limit is 10 projects! Please contact your "
                "administrator to increase it"
            ),
        ),
        ("create_app_repository", f"GitLab refused to {DOING}: limit_reached"),
    ],
    "gitlab-project-tokens-off": [
        (
            "create_app_repository",
            (
                "GitLab refused to hand a token to the pipelines: 400 Bad request - User does not have permission to create "
                "project access token"
            ),
        ),
    ],
    "gitlab-webhook-address": [
        (
            "create_app_repository",
            "GitLab refused to add the webhook: url is blocked: Requests to the local network are not allowed",
        ),
        ("create_app_repository", "GitLab refused to add the webhook: Invalid url given"),
    ],
    "gitlab-read-only": [
        (
            "declare_environment",
            "GitLab does not let the bot commit: The repository is temporarily read-only. Please try again later.",
        ),
        (
            "declare_environment",
            "GitLab does not let the bot commit: You cannot perform write operations on a read-only instance",
        ),
    ],
    "gitlab-storage-full": [
        (
            "create_app_repository",
            (
                "GitLab refused to commit: Your push has been rejected, because this repository has exceeded its size limit "
                "of 10 MiB by 2 MiB. Please contact your GitLab administrator for more information."
            ),
        ),
        (
            "declare_environment",
            (
                "GitLab refused to commit: Your push to this repository has been rejected because the namespace storage "
                "limit of 10 GiB has been reached."
            ),
        ),
    ],
    "pipeline-not-started": [
        (
            "await_pipeline",
            "After 2 hours it was still waiting for GitLab to start the first pipeline.",
        ),
    ],
    "pipeline-no-runner": [
        (
            "await_pipeline",
            "a runner to take the pipeline's lint job (none has for more than 2 minutes)",
        ),
        ("await_pipeline", "The pipeline's lint job failed (stuck_or_timeout_failure):\n"),
        (
            "await_pipeline",
            "After 2 hours it was still waiting for a runner to take the pipeline's lint job.",
        ),
        ("await_pipeline", "The pipeline's lint job failed (runner_provisioning_timeout):\n"),
    ],
    "pipeline-runner-broken": [
        ("await_pipeline", "The pipeline's lint job failed (runner_system_failure):\n"),
        (
            "await_pipeline",
            "The pipeline's lint job failed:\nERROR: Job failed (system failure): prepare environment: exit status 1",
        ),
        ("await_pipeline", "The pipeline's lint job failed (runner_configuration_error):\n"),
    ],
    "pipeline-timeout": [
        (
            "await_pipeline",
            (
                "The pipeline's test job failed (job_execution_timeout):\nERROR: Job failed: execution took longer than 1h0m0s "
                "seconds"
            ),
        ),
    ],
    "pipeline-minutes-used-up": [
        ("await_pipeline", "The pipeline's lint job failed (ci_quota_exceeded):\n"),
    ],
    "pipeline-job-failed": [
        ("await_pipeline", LOG.format("test", "pytest", "E  assert 1 == 2")),
        (
            "await_pipeline",
            LOG.format("test", "pytest", "E  path has already been taken; ImagePullBackOff"),
        ),
        (
            "await_pipeline",
            LOG.format("test", "pytest", "E  AssertionError: 'unauthorized: access' != ''"),
        ),
        (
            "await_pipeline",
            LOG.format("test-of-deploy", "pytest", "E  AssertionError: returned error: 401"),
        ),
    ],
    "pipeline-configuration-invalid": [
        (
            "await_pipeline",
            "GitLab could not run the pipeline: jobs:lint config contains unknown keys: scirpt",
        ),
        (
            "await_pipeline",
            "GitLab could not run the pipeline: jobs config should contain at least one visible job",
        ),
    ],
    "pipeline-skipped": [
        (
            "await_pipeline",
            "GitLab could not run the pipeline: The pipeline was skipped: none of its jobs is to run for this commit.",
        ),
    ],
    "pipeline-deployed-nothing": [
        (
            "await_pipeline",
            "The pipeline passed, but it deployed nothing: https://gitlab.example.com/p/7",
        ),
    ],
    "deployment-branch-protected": [
        (
            "await_pipeline",
            LOG.format(
                "deploy",
                "git push",
                "remote: GitLab: You are not allowed to push code to protected branches on this project.",
            ),
        ),
    ],
    "deploy-token-refused": [
        (
            "await_pipeline",
            LOG.format(
                "deploy",
                "git push",
                "remote: HTTP Basic: Access denied. The provided password or token is incorrect\n"
                "fatal: Authentication failed for 'https://gitlab.example.com/idp/a.git/'",
            ),
        ),
        (
            "await_pipeline",
            LOG.format(
                "deploy",
                "git push",
                "fatal: unable to access 'https://x/': The requested URL returned error: 403",
            ),
        ),
        (
            "await_pipeline",
            LOG.format(
                "deploy",
                "git push",
                "remote: You are not allowed to push code to this project.",
            ),
        ),
    ],
    "registry-refused": [
        (
            "await_pipeline",
            LOG.format(
                "build",
                "buildah push",
                "Error: writing blob: denied: requested access to the resource is denied",
            ),
        ),
        (
            "await_pipeline",
            LOG.format(
                "image", "docker push", "denied: requested access to the resource is denied"
            ),
        ),
        (
            "await_pipeline",
            LOG.format(
                "image",
                "docker login",
                'Error response from daemon: Get "https://registry.example.com/v2/": unauthorized: HTTP Basic: Access '
                "denied. The provided password or token is incorrect",
            ),
        ),
        (
            "await_pipeline",
            LOG.format(
                "deploy-image",
                "buildah push",
                "Error: checking whether a blob exists: unauthorized: HTTP Basic: Access denied",
            ),
        ),
        (
            "await_pipeline",
            LOG.format(
                "image",
                "buildctl build",
                "error: failed to push: unexpected status from HEAD request to https://registry.example.com/v2/a/b: 401 "
                "Unauthorized",
            ),
        ),
    ],
    "catalog-token-refused": [("register_component", "Backstage refused the bot's token.")],
    "catalog-host-not-integrated": [
        (
            "register_component",
            (
                f"Backstage refused {PAGE}: InputError: Reading from '{PAGE}' is not allowed. You may need to configure an "
                "integration for the target host, or add it to the configured list of allowed hosts at "
                "'backend.reading.allow'"
            ),
        ),
    ],
    "catalog-kind-not-allowed": [
        (
            "await_catalog_entry",
            f"Backstage refused {PAGE}: Entity system:default/x at url:{PAGE} is not of an allowed kind for that location",
        ),
    ],
    "catalog-cannot-read-file": [
        (
            "register_component",
            f"Backstage refused {PAGE}: Unable to read url, NotFoundError: {PAGE} could not be read, 404 Not Found",
        ),
    ],
    "catalog-duplicate-entity": [
        (
            "register_component",
            f"The catalog has component:default/hello already, from {PAGE}.",
        ),
    ],
    "catalog-wrong-reference": [
        (
            "register_component",
            "The catalog read hello and complains: it says ownedBy group:default/nobody, and the catalog has no such entity",
        ),
        (
            "register_component",
            (
                f"Backstage refused {PAGE}: Policy check failed for component:default/hello; caused by Error: /spec must have "
                "required property 'owner' - missingProperty: owner"
            ),
        ),
    ],
    "catalog-invalid-entity": [
        (
            "register_component",
            (
                f'Backstage refused {PAGE}: Policy check failed; caused by Error: "metadata.name" is not valid; expected a '
                'string but found "a b"'
            ),
        ),
    ],
    "catalog-not-reading": [
        (
            "register_component",
            "After 30 minutes it was still waiting for the catalog to read the component.",
        ),
    ],
    "environment-kind-missing": [
        (
            "await_deployment",
            "The cluster does not know idp.internal/v1alpha1 applicationenvironments.",
        ),
        (
            "await_deployment",
            (
                f"{SYNC}The Kubernetes API could not find idp.internal/ApplicationEnvironment for requested resource default/x. "
                'Make sure the "ApplicationEnvironment" CRD is installed on the destination cluster.'
            ),
        ),
    ],
    "kind-not-installed": [
        (
            "await_deployment",
            (
                f"{SYNC}The Kubernetes API could not find gateway.networking.k8s.io/HTTPRoute for requested resource a/web. "
                'Make sure the "HTTPRoute" CRD is installed on the destination cluster.'
            ),
        ),
        (
            "await_deployment",
            f'{SYNC}Make sure the "ServiceMonitor" CRD is installed on the destination cluster.',
        ),
    ],
    "crossplane-composition-missing": [
        (
            "await_deployment",
            (
                "Crossplane to compose the environment (ReconcileError: cannot select Composition: no compatible Compositions "
                "found; Creating)"
            ),
        ),
    ],
    "crossplane-function-missing": [
        (
            "await_deployment",
            (
                "Crossplane to compose the environment (ReconcileError: cannot compose resources: cannot run Composition "
                'pipeline step "compose": cannot run Function "function-python": cannot get gRPC client connection for '
                'Function "function-python": cannot find an active FunctionRevision (a FunctionRevision with '
                "spec.desiredState: Active))"
            ),
        ),
        (
            "await_deployment",
            f'{COMPOSE}cannot run Function "function-python": rpc error: code = Unavailable desc = connection refused',
        ),
    ],
    "crossplane-function-failed": [
        (
            "await_deployment",
            (
                f'{COMPOSE}cannot run Composition pipeline step "compose": cannot run Function "function-python": rpc error: '
                "code = Unknown desc = Unexpected <class 'KeyError'>: 'team'"
            ),
        ),
        (
            "await_deployment",
            f'{COMPOSE}pipeline step "compose" returned a fatal result: spec.team is missing',
        ),
    ],
    "crossplane-cannot-compose": [
        (
            "await_deployment",
            "Crossplane to compose the environment (ReconcileError: cannot compose resources: namespaces is forbidden)",
        ),
        (
            "await_deployment",
            (
                f'{COMPOSE}applications.argoproj.io "a" is forbidden: User "system:serviceaccount:crossplane-system:crossplane" '
                'cannot patch resource "applications"'
            ),
        ),
    ],
    "environment-not-applied": [
        (
            "await_deployment",
            "After 30 minutes it was still waiting for Argo CD to apply the environment's manifest.",
        ),
    ],
    "argocd-project-forbids": [
        (
            "await_deployment",
            f"{SYNC}InvalidSpecError: application repo https://x/a.git is not permitted in project 'payments'",
        ),
        (
            "await_deployment",
            f"{SYNC}one or more synchronization tasks are not valid; resource :Node is not permitted in project payments",
        ),
    ],
    "argocd-out-of-order": [
        (
            "await_deployment",
            f'{BUSY.format("Unavailable")}connection error: desc = "transport: dial tcp 10.96.12.7:8081: connection refused"',
        ),
        ("await_deployment", f"{BUSY.format('DeadlineExceeded')}context deadline exceeded"),
        ("await_deployment", f"{BUSY.format('ResourceExhausted')}received message larger than max"),
        (
            "await_deployment",
            (
                f"{SYNC}ComparisonError: Failed to load live state: failed to get cluster info for "
                '"https://kubernetes.default.svc": dial tcp: i/o timeout'
            ),
        ),
    ],
    "argocd-repository-unreadable": [
        (
            "await_deployment",
            f"{LOAD}failed to list refs: authentication required: HTTP Basic: Access denied",
        ),
        (
            "await_deployment",
            f"{LOAD}unable to resolve 'main' to a commit SHA",
        ),
        (
            "await_deployment",
            f"{LOAD}error getting helm settings: x509: certificate signed by unknown authority",
        ),
    ],
    "release-name-too-long": [
        (
            "await_deployment",
            (
                f"{LOAD}Manifest generation error (cached): `helm template . --name-template x` failed exit status 1: Error: "
                'release name check failed: release name "x": invalid release name, must match regex ^[a-z0-9]+$ and the '
                "length must not be longer than 53"
            ),
        ),
    ],
    "chart-not-rendering": [
        (
            "await_deployment",
            (
                f"{LOAD}Manifest generation error (cached): `helm template . --name-template x` failed exit status 1: Error: "
                "values don't meet the specifications of the schema"
            ),
        ),
        ("await_deployment", f"{LOAD}environments/prod: app path does not exist"),
    ],
    "argocd-lacks-rights": [
        (
            "await_deployment",
            (
                f'{APPLY}deployments.apps "web" is forbidden: User '
                '"system:serviceaccount:argocd:argocd-application-controller" cannot patch resource "deployments" in API '
                'group "apps" in the namespace "a"'
            ),
        ),
    ],
    "argocd-sync-failed": [
        (
            "await_deployment",
            f"{SYNC}one or more objects failed to apply, reason: Service is invalid: spec.ports: Required value",
        ),
    ],
    "host-taken": [
        (
            "await_deployment",
            (
                f'{SYNC}one or more objects failed to apply, reason: admission webhook "validate.nginx.ingress.kubernetes.io" '
                'denied the request: host "hello.example.com" and path "/" is already defined in ingress shop/web'
            ),
        ),
        (
            "await_live_url",
            "https://hello.example.com to answer 200 (it answers 404); an older route, of the namespace shop, has the host name too",
        ),
        ("plan_app", "Job k3v9x2ab is making something of the same name."),
    ],
    "quota-exceeded": [
        (
            "await_deployment",
            (
                f'{HEALTH}Deployment web: FailedCreate: pods "web-7d9c" is forbidden: exceeded quota: default, requested: '
                "pods=1, used: pods=10, limited: pods=10"
            ),
        ),
    ],
    "quota-needs-resources": [
        (
            "await_deployment",
            f"{CREATE}failed quota: compute: must specify limits.cpu for: app; limits.memory for: app",
        ),
    ],
    "admission-refused": [
        (
            "await_deployment",
            (
                f'{SYNC}one or more objects failed to apply, reason: admission webhook "validate.kyverno.svc-fail" denied the '
                "request: resource Deployment/a/web was blocked due to the following policies: require-limits"
            ),
        ),
        (
            "await_deployment",
            (
                f'{HEALTH}Deployment web: FailedCreate: pods "web-7d9c" is forbidden: violates PodSecurity '
                '"restricted:latest": runAsNonRoot != true'
            ),
        ),
    ],
    "admission-webhook-down": [
        (
            "await_deployment",
            (
                f'{APPLY}Internal error occurred: failed calling webhook "validate.kyverno.svc-fail": failed to call webhook: '
                'Post "https://kyverno-svc.kyverno.svc:443/validate/fail?timeout=10s": context deadline exceeded'
            ),
        ),
    ],
    "service-account-missing": [
        (
            "await_deployment",
            f'{CREATE}error looking up service account a/web: serviceaccount "web" not found',
        ),
    ],
    "image-never-pulled": [
        (
            "await_deployment",
            f'{HEALTH}container app: ErrImageNeverPull: Container image "a:1" is not present with pull policy of Never',
        ),
    ],
    "image-not-pulled": [
        (
            "await_deployment",
            f'{HEALTH}container app: ErrImagePull: failed to pull and unpack image "registry.example.com/a:1": not found',
        ),
        (
            "await_deployment",
            f'{HEALTH}container app: ImagePullBackOff: Back-off pulling image "registry.example.com/a:1"',
        ),
    ],
    "container-configuration-missing": [
        (
            "await_deployment",
            f'{HEALTH}container app: CreateContainerConfigError: secret "database" not found',
        ),
        (
            "await_deployment",
            f"{HEALTH}container app: CreateContainerConfigError: couldn't find key url in Secret a/database",
        ),
    ],
    "image-runs-as-root": [
        (
            "await_deployment",
            (
                f"{HEALTH}container app: CreateContainerConfigError: container has runAsNonRoot and image will run as root "
                '(pod: "web-1_a(1)", container: app)'
            ),
        ),
        (
            "await_deployment",
            (
                f"{HEALTH}container app: CreateContainerConfigError: container has runAsNonRoot and image has non-numeric user "
                "(app), cannot verify user is non-root"
            ),
        ),
    ],
    "node-too-slow": [
        (
            "await_deployment",
            f"{HEALTH}container app: CreateContainerError: context deadline exceeded",
        ),
    ],
    "container-not-made": [
        (
            "await_deployment",
            f'{HEALTH}container app: CreateContainerError: failed to generate container "1" spec: no command specified',
        ),
    ],
    "container-out-of-memory": [
        ("await_deployment", f"{HEALTH}container app: OOMKilled"),
    ],
    "container-crashes": [
        (
            "await_deployment",
            f"{HEALTH}container app ended and was started again (exit code 1)",
        ),
        (
            "await_deployment",
            f"{HEALTH}container app: CrashLoopBackOff: back-off 5m0s restarting failed container=app pod=web_a(1)",
        ),
    ],
    "volume-not-bound": [
        (
            "await_deployment",
            f"{HEALTH}pod: Unschedulable: 0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims.",
        ),
    ],
    "not-schedulable": [
        (
            "await_deployment",
            f"{HEALTH}pod: Unschedulable: 0/3 nodes are available: 3 Insufficient cpu.",
        ),
    ],
    "not-ready": [
        (
            "await_deployment",
            f'{HEALTH}Deployment web: ProgressDeadlineExceeded: ReplicaSet "web-7d9c" has timed out progressing.',
        ),
    ],
    "route-refused": [
        (
            "await_deployment",
            f"{HEALTH}HTTPRoute web: NotAllowedByListeners: no listener allows routes of this namespace",
        ),
        (
            "await_deployment",
            f"{HEALTH}HTTPRoute web: BackendNotFound: Service a/web not found",
        ),
    ],
    "dns-name-missing": [("await_live_url", "the name hello.example.com to resolve")],
    "certificate-wrong-name": [
        (
            "await_live_url",
            "a valid certificate for hello.example.com (the one there is for another name)",
        ),
    ],
    "certificate-expired": [
        (
            "await_live_url",
            "a valid certificate for hello.example.com (the one there has expired)",
        ),
    ],
    "certificate-not-trusted": [
        (
            "await_live_url",
            "a valid certificate for hello.example.com (the one there is not trusted: self-signed certificate)",
        ),
    ],
    "certificate-pending": [("await_live_url", "hello.example.com to speak TLS")],
    "address-not-reachable": [
        ("await_live_url", "https://hello.example.com to accept connections"),
        ("await_live_url", "https://hello.example.com to answer in time"),
    ],
    "address-answers-with-an-error": [
        ("await_live_url", "https://hello.example.com to answer 200 (it answers 503)"),
        (
            "await_live_url",
            "https://hello.example.com to answer 200 (it redirects to login.example.com)",
        ),
    ],
}


@pytest.mark.parametrize(
    ("name", "step", "words"),
    [(name, step, words) for name, said in SAID.items() for step, words in said],
)
def test_what_the_other_side_says_is_recognised(name: str, step: str, words: str) -> None:
    found = recognise(step, words)
    assert found is not None
    assert found.name == name


def test_every_known_cause_is_one_that_somebody_has_said() -> None:
    assert {cause.name for cause in KNOWN} == set(SAID)
    assert len(SAID) == len(KNOWN)


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("create_app_repository", "GitLab failed (502) when the bot tried to read a project."),
        ("await_pipeline", "GitLab to start the first pipeline"),
        ("await_pipeline", "a runner to take the pipeline's lint job"),
        ("await_pipeline", "the pipeline's lint and test jobs to finish"),
        ("await_deployment", "Argo CD to apply the environment's manifest"),
        ("await_deployment", "Crossplane to compose the environment (Creating)"),
        ("await_deployment", "Argo CD to sync revision 0123abcd (now OutOfSync)"),
        ("await_deployment", "the application to become healthy (now Progressing)"),
        ("register_component", "the catalog to read the component"),
        ("await_approval", "approval by somebody of platform"),
        ("await_live_url", ""),
        (
            "create_app_repository",
            "GitLab could not hand a token to the pipelines: key (DEPLOYMENT_TOKEN) has already been taken.",
        ),
    ],
)
def test_an_ordinary_wait_and_what_nobody_foresaw_are_no_known_cause(step: str, words: str) -> None:
    assert recognise(step, words) is None


def test_a_step_is_not_told_the_causes_of_another() -> None:
    assert recognise("await_pipeline", "the name hello.example.com to resolve") is None


def test_words_without_end_are_looked_at_where_they_begin_and_end() -> None:
    log = "The pipeline's deploy job failed:\n" + "x " * 100_000 + "HTTP Basic: Access denied"
    found = recognise("await_pipeline", log)
    assert found is not None
    assert found.name == "deploy-token-refused"


def test_a_name_of_another_version_is_no_known_cause() -> None:
    assert cause_named("no-such-cause") is None
    assert cause_named(KNOWN[0].name) is KNOWN[0]
