"""Pipelines and their logs, reduced to what a wait must tell apart."""

import re
from collections import deque
from datetime import timedelta
from typing import Any

import gitlab

from bot.adapters.gitlab_errors import is_missing
from bot.ports.git_host import Pipeline, PipelineJob, PipelineState

_STATES = {
    "running": PipelineState.RUNNING,
    "canceling": PipelineState.RUNNING,
    "success": PipelineState.PASSED,
    "failed": PipelineState.FAILED,
    "canceled": PipelineState.FAILED,
}
"""All others (created, pending, manual, scheduled, ...) wait for something."""

_TAIL_CHUNKS = 256
_CHUNK_SIZE = 1024
_TERMINAL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_SECTION = re.compile(r"section_(?:start|end):\d+:[^\s\x1b]*")
_TIMESTAMP = re.compile(r"^\d{4}-\d\d-\d\dT[\d:.]+Z \d\d[OE](?:(?P<continues>\+)| )")


def find_pipeline(client: gitlab.Gitlab, path: str, sha: str) -> Pipeline | None:
    """The newest pipeline of the commit."""
    project = client.projects.get(path, lazy=True)
    try:
        newest = project.pipelines.list(
            sha=sha, order_by="id", sort="desc", per_page=1, page=1, get_all=False
        )
    except gitlab.GitlabListError as error:
        if is_missing(error):
            return None
        raise
    if not newest:
        return None
    raw = project.pipelines.get(newest[0].id)
    return Pipeline(
        web_url=raw.web_url,
        state=_pipeline_state(raw.status),
        jobs=in_running_order(raw.jobs.list(include_retried=True, get_all=True, per_page=100)),
        problem=_problem(raw),
    )


def _pipeline_state(status: str) -> PipelineState:
    """A skipped pipeline will never run, so nobody may wait for it; a skipped job is only not needed (yet)."""
    return PipelineState.FAILED if status == "skipped" else _job_state(status)


def _job_state(status: str) -> PipelineState:
    return _STATES.get(status, PipelineState.WAITING)


def _problem(raw: Any) -> str:
    if raw.status == "skipped":
        return "The pipeline was skipped: none of its jobs is to run for this commit."
    return str(getattr(raw, "yaml_errors", None) or "")


def in_running_order(jobs: list[Any]) -> tuple[PipelineJob, ...]:
    """GitLab numbers jobs in running order, and a repeated job anew: its first number keeps its place."""
    places: dict[str, int] = {}
    latest: dict[str, Any] = {}
    for job in sorted(jobs, key=lambda job: int(job.id)):
        places.setdefault(job.name, job.id)
        latest[job.name] = job
    return tuple(_job(job) for job in sorted(latest.values(), key=lambda job: places[job.name]))


def _job(raw: Any) -> PipelineJob:
    is_queued = raw.status == "pending"
    return PipelineJob(
        id=raw.id,
        name=raw.name,
        state=_job_state(raw.status),
        web_url=raw.web_url,
        allow_failure=raw.allow_failure,
        queued=timedelta(seconds=getattr(raw, "queued_duration", None) or 0 if is_queued else 0),
        failure=getattr(raw, "failure_reason", None) or "",
    )


def log_tail(client: gitlab.Gitlab, path: str, job_id: int, *, lines: int) -> str:
    """The end of the log; the whole of it never lies in memory."""
    chunks: deque[bytes] = deque(maxlen=_TAIL_CHUNKS)
    job = client.projects.get(path, lazy=True).jobs.get(job_id, lazy=True)
    job.trace(streamed=True, action=chunks.append, chunk_size=_CHUNK_SIZE)
    tail = b"".join(chunks).decode(errors="replace")
    is_cut = len(chunks) == _TAIL_CHUNKS
    return plain_tail(from_a_whole_word(tail) if is_cut else tail, lines=lines)


def from_a_whole_word(log: str) -> str:
    """What follows the first space: of a secret that was cut in two nobody would know the rest for one."""
    space = re.search(r"\s", log)
    return log[space.start() :] if space else ""


def plain_tail(log: str, *, lines: int) -> str:
    """The last lines as a person would copy them: no colours, no section markers, no overwritten progress."""
    plain: list[str] = []
    for line in log.replace("\r\n", "\n").split("\n"):
        stamp = _TIMESTAMP.match(line)
        text = _visible(line[stamp.end() :] if stamp else line)
        if stamp and stamp["continues"] and plain:
            plain[-1] += text
        elif text or not _SECTION.search(line):
            plain.append(text)
    return "\n".join("\n".join(plain).strip("\n").split("\n")[-lines:])


def _visible(line: str) -> str:
    """What stays on screen after the colours are gone and the cursor went back to overwrite."""
    parts = [_TERMINAL.sub("", part) for part in _SECTION.sub("", line).split("\r")]
    return next((part.rstrip() for part in reversed(parts) if part.strip()), "")
