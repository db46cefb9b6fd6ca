"""What the states of its jobs make of a pipeline, as GitLab's composite status."""

from collections.abc import Iterable

from bot.sandbox.gitlab.model import Job

ACTIVE = frozenset({"created", "waiting_for_resource", "preparing", "pending", "running"})
FINISHED = frozenset({"success", "failed", "canceled", "skipped"})


def of_pipeline(jobs: Iterable[Job]) -> str:
    """The pipeline's status; jobs that may fail or need not be started do not count against it."""
    states = {_effective(job) for job in jobs}
    if not states:
        return "created"
    for alone in ("created", "skipped", "manual", "pending"):
        if states == {alone}:
            return alone
    if states <= {"success", "skipped", "ignored"}:
        return "success" if states != {"skipped"} else "skipped"
    return _of_mixture(states)


def _of_mixture(states: set[str]) -> str:
    if "waiting_for_resource" in states and not states & {"running", "pending"}:
        return "waiting_for_resource"
    if states & {"running", "pending"}:
        return "running"
    if "manual" in states:
        return "manual"
    if "created" in states:
        return "running"
    return "failed" if "failed" in states else "canceled"


def _effective(job: Job) -> str:
    if job.allow_failure and job.status in {"failed", "canceled", "manual"}:
        return "ignored"
    return job.status


def slug(text: str, longest: int = 63) -> str:
    """A name as a DNS label, as GitLab makes the CI_*_SLUG variables."""
    kept = "".join(c if c.isascii() and c.isalnum() else "-" for c in text.lower())
    return kept[:longest].strip("-")
