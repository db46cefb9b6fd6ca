"""What a pipeline will do, once its configuration was read and its rules were decided."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

FIRST_STAGE = ".pre"
LAST_STAGE = ".post"


class CiConfigError(Exception):
    """The configuration cannot be used; each error names the job and the key, as GitLab's lint does."""

    def __init__(self, errors: tuple[str, ...]) -> None:
        super().__init__("; ".join(errors))
        self.errors = errors


class When(enum.StrEnum):
    """On which outcome of the earlier jobs a job starts."""

    ON_SUCCESS = "on_success"
    ON_FAILURE = "on_failure"
    ALWAYS = "always"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class Need:
    """A job that has to be over first, whatever its stage."""

    job: str
    artifacts: bool = True
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Artifacts:
    """The files that a job hands on, relative to its checkout."""

    name: str = "artifacts"
    paths: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    when: str = "on_success"
    reports: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Environment:
    """Where a job deploys to."""

    name: str
    url: str | None = None
    action: str = "start"
    tier: str | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """How often a failed job is started again, and after which failures."""

    max: int = 0
    when: tuple[str, ...] = ("always",)
    exit_codes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class AllowFailure:
    """Whether a failure leaves the pipeline green: always, never, or for some exit codes."""

    always: bool = False
    exit_codes: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        """Whether any failure of this job is allowed."""
        return self.always or bool(self.exit_codes)

    def covers(self, exit_code: int | None) -> bool:
        """Whether this very failure is allowed."""
        return self.always or exit_code in self.exit_codes


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPlan:
    """One job of the pipeline. `needs` is None where the order of the stages decides."""

    name: str
    stage: str
    script: tuple[str, ...]
    before_script: tuple[str, ...] = ()
    after_script: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    needs: tuple[Need, ...] | None = None
    dependencies: tuple[str, ...] | None = None
    when: When = When.ON_SUCCESS
    allow_failure: AllowFailure = AllowFailure()
    retry: Retry = Retry()
    environment: Environment | None = None
    resource_group: str | None = None
    interruptible: bool = False
    timeout: float | None = None
    coverage: str | None = None
    image: str | None = None
    tags: tuple[str, ...] = ()
    artifacts: Artifacts = Artifacts()


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelinePlan:
    """The stages in order and the jobs that the rules left; `refusal` says in GitLab's words why there are none."""

    stages: tuple[str, ...]
    jobs: tuple[JobPlan, ...]
    name: str | None = None
    auto_cancel: str = "conservative"
    refusal: str | None = None

    def in_order(self) -> list[JobPlan]:
        """The jobs by stage, those of one stage as they were written."""
        return sorted(self.jobs, key=lambda job: self.stages.index(job.stage))

    def job(self, name: str) -> JobPlan:
        """The job of that name.

        Raises:
            KeyError: there is none.
        """
        for job in self.jobs:
            if job.name == name:
                return job
        raise KeyError(name)
