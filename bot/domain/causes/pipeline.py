"""What keeps the first pipeline from passing. A job's log may hold any words, so nothing else looks at them."""

from bot.domain.causes.known_cause import Helper, KnownCause

_PIPELINE = ("await_pipeline",)
_DEPLOY = r"(?s)pipeline's \S{0,80}deploy\S{0,80} job failed.*"
_GIT_REFUSED = (
    r"((?<!unauthorized: )HTTP Basic: Access denied|fatal: Authentication failed for"
    r"|fatal: could not read (Username|Password)|unable to access .*returned error: 40[13]"
    r"|not allowed to push)"
)
_REGISTRY_REFUSED = (
    r"(?ms)job failed.*^((error|fatal|time=|#\d)[^\n]*)?"
    r"(denied: (requested )?access|unauthorized: (authentication required|access|HTTP Basic)"
    r"|status from \w+ request to [^\n]*/v2/[^\n]*: 40[13])"
)

CAUSES = (
    KnownCause(
        name="pipeline-not-started",
        steps=_PIPELINE,
        signs=("still waiting for GitLab to start the first pipeline",),
        meaning="GitLab made no pipeline of the commit: CI/CD is off for the project, or no rule lets one run.",
        fix="Turn CI/CD on (Settings > General > Visibility), run a pipeline on the default branch, then press Retry.",
        helper=Helper.PLATFORM_TEAM,
    ),
    KnownCause(
        name="pipeline-no-runner",
        steps=_PIPELINE,
        signs=(
            "none has for more than",
            "still waiting for a runner",
            r"job failed \((stuck_or_timeout_failure|no_matching_runner|runner_unsupported|runner_provisioning_timeout)\)",
        ),
        meaning="No runner takes the job: all are busy or off, or none has the tags that the job asks for.",
        fix="Start a runner that may take the group's jobs, or give it their tags; then run the job again in GitLab.",
        helper=Helper.PLATFORM_TEAM,
    ),
    KnownCause(
        name="pipeline-runner-broken",
        steps=_PIPELINE,
        signs=(
            r"job failed \((runner_system_failure|runner_configuration_error|image_pull_failure|data_integrity_failure)\)",
            r"(?s)job failed.*ERROR: (Job failed \(system failure\)|Preparation failed)",
        ),
        meaning="The runner could not run the job at all: not the job's commands failed, but what is around them.",
        fix="Look at the runner (its disk, its way to the registry), then run the job again in GitLab and press Retry.",
        helper=Helper.PLATFORM_TEAM,
    ),
    KnownCause(
        name="pipeline-timeout",
        steps=_PIPELINE,
        signs=(
            r"job failed \(job_execution_timeout\)",
            r"(?s)job failed.*execution took longer than",
        ),
        meaning="The job ran for longer than it may and was stopped.",
        fix="Make the job faster, or give it a longer timeout in `.gitlab-ci.yml`, then press Retry.",
        helper=Helper.REQUESTER,
    ),
    KnownCause(
        name="pipeline-minutes-used-up",
        steps=_PIPELINE,
        signs=(r"job failed \(ci_quota_exceeded\)",),
        meaning="The group has used up the minutes that GitLab's own runners give it.",
        fix="Buy minutes, or add a runner of your own, then run the job again in GitLab and press Retry.",
        helper=Helper.PLATFORM_TEAM,
    ),
    KnownCause(
        name="deployment-branch-protected",
        steps=_PIPELINE,
        signs=(rf"{_DEPLOY}not allowed to push code to protected branches",),
        meaning="The deployment repository's branch is protected, and the pipeline's token may not push to it.",
        fix="Let Maintainers push to the branch (Settings > Repository > Protected branches of the deployment repository), "
        "then run the job again in GitLab.",
        helper=Helper.PLATFORM_TEAM,
    ),
    KnownCause(
        name="deploy-token-refused",
        steps=_PIPELINE,
        signs=(rf"{_DEPLOY}{_GIT_REFUSED}",),
        meaning="The token with which the pipeline writes to the deployment repository is not accepted.",
        fix="Delete the variable DEPLOYMENT_TOKEN (Settings > CI/CD) and press Retry on the request for a new one, "
        "or put a token there that may push; then run the job again in GitLab.",
        helper=Helper.PLATFORM_TEAM,
    ),
    KnownCause(
        name="registry-refused",
        steps=_PIPELINE,
        signs=(_REGISTRY_REFUSED,),
        meaning="The container registry did not let the job read or write an image.",
        fix="Turn the project's container registry on, and let its jobs push; then run the job again in GitLab.",
        helper=Helper.PLATFORM_TEAM,
    ),
    KnownCause(
        name="pipeline-job-failed",
        steps=_PIPELINE,
        signs=(r"The pipeline's .* job failed",),
        meaning="The job's own commands ended with an error; the last lines of its log say which.",
        fix="Mend it in the application repository and commit, or run the job again in GitLab; then press Retry.",
        helper=Helper.REQUESTER,
    ),
    KnownCause(
        name="pipeline-skipped",
        steps=_PIPELINE,
        signs=("The pipeline was skipped", "filtered out by workflow rules"),
        meaning="The commit or the rules of `.gitlab-ci.yml` say that nothing is to run for it.",
        fix="Commit something without `[skip ci]`, or mend the rules; then press Retry.",
        helper=Helper.REQUESTER,
    ),
    KnownCause(
        name="pipeline-configuration-invalid",
        steps=_PIPELINE,
        signs=(r"GitLab could not run the pipeline: \S",),
        meaning="GitLab could not read `.gitlab-ci.yml`, and names what is wrong in it.",
        fix="Mend `.gitlab-ci.yml` in the application repository and commit it, then press Retry.",
        helper=Helper.REQUESTER,
    ),
    KnownCause(
        name="pipeline-deployed-nothing",
        steps=_PIPELINE,
        signs=("it deployed nothing",),
        meaning="The pipeline passed without writing the new image into the deployment repository.",
        fix="Look at its deploy job, run it again in GitLab, then press Retry.",
        helper=Helper.REQUESTER,
    ),
)
