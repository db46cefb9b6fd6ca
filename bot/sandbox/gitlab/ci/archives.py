"""The artifacts of jobs as they are handed out: one archive for the files, and what was reported."""

import zipfile
from pathlib import Path
from typing import Any

from bot.sandbox.gitlab.ci import traces
from bot.sandbox.gitlab.forge import Forge
from bot.sandbox.gitlab.model import Job
from bot.sandbox.runner import artifacts

NAME = "artifacts.zip"
_REPORT_NAMES = {
    "junit": "junit.xml.gz",
    "dotenv": ".env.gz",
    "codequality": "gl-code-quality-report.json.gz",
}


def folder(forge: Forge, job: Job) -> Path:
    """Where the files and reports of a job lie."""
    return artifacts.folder(forge.root / "artifacts" / str(job.pipeline_id), job.name)


def archive(forge: Forge, job: Job) -> Path | None:
    """The archive of a job's files, made when it is first asked for; of an earlier try there is none any more."""
    files = folder(forge, job) / "files"
    if job.retried or not files.is_dir():
        return None
    made = files.with_name(NAME)
    if not made.exists():
        fresh = made.with_suffix(".new")
        with zipfile.ZipFile(fresh, "w", zipfile.ZIP_DEFLATED) as zipped:
            for path in sorted(files.rglob("*")):
                if path.is_file():
                    zipped.write(path, path.relative_to(files))
        fresh.replace(made)
    return made


def file(forge: Forge, job: Job, path: str) -> Path | None:
    """One of the files; nothing outside the job's own is ever found."""
    files = (folder(forge, job) / "files").resolve()
    found = (files / path).resolve()
    inside = found.is_relative_to(files) and found.is_file() and not job.retried
    return found if inside else None


def entries(forge: Forge, job: Job) -> list[dict[str, Any]]:
    """What a job has left, as the API lists it."""
    found = []
    archived = archive(forge, job)
    if archived is not None:
        found.append(_entry("archive", archived.stat().st_size, NAME, "zip"))
    log = traces.path(forge, job.id)
    if log.exists() and job.finished_at is not None:
        found.append(_entry("trace", log.stat().st_size, "job.log", None))
    reports = folder(forge, job) / "reports"
    for kind in sorted(reports.iterdir()) if reports.is_dir() and not job.retried else ():
        size = sum(path.stat().st_size for path in kind.rglob("*") if path.is_file())
        name = _REPORT_NAMES.get(kind.name, f"{kind.name}.gz")
        found.append(_entry(kind.name, size, name, "gzip"))
    return found


def _entry(kind: str, size: int, name: str, form: str | None) -> dict[str, Any]:
    return {"file_type": kind, "size": size, "filename": name, "file_format": form}
