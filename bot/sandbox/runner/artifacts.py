"""What jobs hand on: files by path, and reports, kept in the pipeline's folder.

The layout below `PipelineHost.artifacts_dir` is `<job, URL-quoted>/files/<path>` and `<job>/reports/<kind>/<path>`.
"""

import asyncio
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from bot.sandbox.runner import globs
from bot.sandbox.runner.plan import JobPlan, PipelinePlan
from bot.sandbox.runner.substitution import expanded

_DOTENV_LINE: Final = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)=(?P<value>.*)")


@dataclass(frozen=True, slots=True)
class Kept:
    """What was found: how many files for each pattern."""

    counts: Mapping[str, int]


def folder(artifacts_dir: Path, job: str) -> Path:
    """Where a job's files and reports are kept."""
    return artifacts_dir / quote(job, safe="")


async def keep(
    job: JobPlan,
    project: Path,
    artifacts_dir: Path,
    *,
    variables: Mapping[str, str],
    has_succeeded: bool,
) -> Kept:
    """Copy what the job hands on out of its checkout; reports are kept whatever the outcome."""
    target = folder(artifacts_dir, job.name)
    await asyncio.to_thread(shutil.rmtree, target, ignore_errors=True)
    counts: dict[str, int] = {}
    wanted = {"always": True, "on_success": has_succeeded, "on_failure": not has_succeeded}
    if wanted[job.artifacts.when]:
        exclude = [expanded(pattern, variables) for pattern in job.artifacts.exclude]
        for pattern in job.artifacts.paths:
            path = expanded(pattern, variables)
            counts[path] = await asyncio.to_thread(_copy, project, target / "files", path, exclude)
    for kind, patterns in job.artifacts.reports.items():
        for pattern in patterns:
            path = expanded(pattern, variables)
            place = target / "reports" / kind
            counts[path] = await asyncio.to_thread(_copy, project, place, path, ())
    return Kept(counts)


async def hand_over(
    job: JobPlan, plan: PipelinePlan, artifacts_dir: Path, project: Path
) -> tuple[str, ...]:
    """Put the files of the jobs before into the checkout; the names of the jobs they came from."""
    givers = tuple(
        name for name in _givers(job, plan) if (folder(artifacts_dir, name) / "files").is_dir()
    )
    for name in givers:
        source = folder(artifacts_dir, name) / "files"
        await asyncio.to_thread(shutil.copytree, source, project, symlinks=True, dirs_exist_ok=True)
    return givers


def dotenv(job: JobPlan, plan: PipelinePlan, artifacts_dir: Path) -> dict[str, str]:
    """The variables that the jobs before reported."""
    variables: dict[str, str] = {}
    for name in _givers(job, plan):
        for path in sorted((folder(artifacts_dir, name) / "reports" / "dotenv").rglob("*")):
            if path.is_file():
                variables |= _variables(path.read_text(encoding="utf-8", errors="replace"))
    return variables


def _variables(text: str) -> dict[str, str]:
    lines = (_DOTENV_LINE.fullmatch(line.strip()) for line in text.splitlines())
    return {line["name"]: line["value"] for line in lines if line}


def _givers(job: JobPlan, plan: PipelinePlan) -> list[str]:
    """`dependencies`, else `needs`, else every job of the stages before."""
    if job.needs is not None:
        names = [need.job for need in job.needs if need.artifacts]
    else:
        earlier = plan.stages[: plan.stages.index(job.stage)]
        names = [one.name for one in plan.jobs if one.stage in earlier]
    return [name for name in names if job.dependencies is None or name in job.dependencies]


def _copy(project: Path, target: Path, pattern: str, exclude: Iterable[str]) -> int:
    count = 0
    for path in _files(project):
        if not globs.covers(path, (pattern,)) or any(globs.matches(path, one) for one in exclude):
            continue
        destination = target / path
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(project / path, destination, follow_symlinks=False)
        count += 1
    return count


def _files(project: Path) -> list[str]:
    found: list[str] = []
    for parent, folders, names in os.walk(project):
        folders[:] = sorted(name for name in folders if name != ".git")
        found += [Path(parent, name).relative_to(project).as_posix() for name in sorted(names)]
    return found
