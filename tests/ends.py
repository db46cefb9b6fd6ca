"""When a job is over, for whoever waits for it."""

from bot.domain.job import Job


def is_over(job: Job) -> bool:
    """Whether the job has ended, and everybody who is to know knows."""
    is_told = job.shown_version == job.version == job.audited_version
    return job.state.is_end and is_told
