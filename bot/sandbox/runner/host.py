"""What the runner needs from whoever asked for a pipeline, and what it tells them."""

import enum
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


class JobState(enum.StrEnum):
    """GitLab's names for where a job stands."""

    CREATED = "created"
    WAITING_FOR_RESOURCE = "waiting_for_resource"
    PENDING = "pending"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"
    CANCELED = "canceled"
    SKIPPED = "skipped"
    MANUAL = "manual"


FINAL = frozenset({JobState.SUCCESS, JobState.FAILED, JobState.CANCELED, JobState.SKIPPED})


@dataclass(frozen=True, slots=True)
class Checkout:
    """What a job works on. `clone_url` carries the credentials that git needs, or is a folder."""

    clone_url: str
    sha: str
    ref: str


class PipelineHost(Protocol):
    """The pipeline's keeper: it stores states and logs and hands out sources and variables.

    Calls for one job come in order. A job that is retried is started again under the same name: that is a new record,
    as in GitLab. `job_finished` also reports SKIPPED and MANUAL, for jobs that come to rest without having started.
    """

    @property
    def artifacts_dir(self) -> Path:
        """A folder of this pipeline's own, which survives it: what jobs hand on lies there."""
        ...

    async def job_waiting(self, name: str, state: JobState) -> None:
        """The job's turn has come: it waits for its resource group, or (PENDING) for a slot."""
        ...

    async def reopened(self) -> frozenset[str]:
        """The jobs that have not begun, among them those that people started again or played meanwhile."""
        ...

    async def job_started(self, name: str) -> None:
        """The job has a slot and begins."""
        ...

    async def job_log(self, name: str, chunk: bytes) -> None:
        """A piece of the job's log, masked, with ANSI colours as a GitLab runner writes them."""
        ...

    async def job_finished(self, name: str, state: JobState, failure_reason: str | None) -> None:
        """The job is over, or rests; the reason is GitLab's word (script_failure, job_execution_timeout, ...)."""
        ...

    async def checkout(self, name: str) -> Checkout:
        """The commit that the job works on."""
        ...

    async def variables(self, name: str) -> dict[str, str]:
        """Every predefined and project variable of the job, secrets included; they win over the file's own."""
        ...

    async def pre_build_script(self, name: str) -> tuple[str, ...]:
        """Commands of the keeper's own that go before the job's, as a GitLab runner's configuration has them."""
        ...

    def masked(self) -> frozenset[str]:
        """The values that no log may show."""
        ...

    async def cancelled(self, name: str) -> bool:
        """Whether somebody wants the job to stop; asked a few times a second."""
        ...
