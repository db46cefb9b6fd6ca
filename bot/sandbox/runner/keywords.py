"""The words of the CI language that this runner knows, and those of GitLab's that it refuses."""

from typing import Final

DEFAULT_KEYS: Final = [
    "after_script",
    "artifacts",
    "before_script",
    "cache",
    "image",
    "interruptible",
    "retry",
    "services",
    "tags",
    "timeout",
]
KEYS: Final = (
    *DEFAULT_KEYS,
    *[
        "allow_failure",
        "coverage",
        "dependencies",
        "description",
        "environment",
        "extends",
        "needs",
        "resource_group",
        "rules",
        "script",
        "stage",
        "variables",
        "when",
    ],
)
UNSUPPORTED: Final = [
    "dast_configuration",
    "except",
    "hooks",
    "id_tokens",
    "identity",
    "inherit",
    "manual_confirmation",
    "only",
    "pages",
    "parallel",
    "publish",
    "release",
    "run",
    "secrets",
    "start_in",
    "trigger",
]
WHENS: Final = ("on_success", "on_failure", "always", "manual", "delayed")
ARTIFACT_KEYS: Final = [
    "access",
    "expire_in",
    "expose_as",
    "exclude",
    "name",
    "paths",
    "public",
    "reports",
    "untracked",
    "when",
]
REPORTS: Final = [
    "accessibility",
    "annotations",
    "api_fuzzing",
    "browser_performance",
    "codequality",
    "container_scanning",
    "coverage_fuzzing",
    "coverage_report",
    "cyclonedx",
    "dast",
    "dependency_scanning",
    "dotenv",
    "junit",
    "license_scanning",
    "load_performance",
    "metrics",
    "performance",
    "requirements",
    "requirements_v2",
    "sast",
    "secret_detection",
    "terraform",
]
RETRY_MOST: Final = 2
RETRY_WHENS: Final = frozenset(
    [
        "always",
        "unknown_failure",
        "script_failure",
        "api_failure",
        "stuck_or_timeout_failure",
        "runner_system_failure",
        "job_execution_timeout",
    ]
)
