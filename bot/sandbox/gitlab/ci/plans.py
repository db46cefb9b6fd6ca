"""Read what a commit's `.gitlab-ci.yml` asks for."""

from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.gitlab.ci import variables
from bot.sandbox.gitlab.forge import Forge
from bot.sandbox.gitlab.git import diffs, reading, repository
from bot.sandbox.gitlab.model import Pipeline, Project
from bot.sandbox.runner import config
from bot.sandbox.runner.plan import PipelinePlan


@dataclass(frozen=True, slots=True)
class Source:
    """What a commit gives the configuration to decide on."""

    commit: reading.Commit
    config: str | None
    files: frozenset[str]
    changed: frozenset[str] | None


async def source_of(forge: Forge, project: Project, sha: str, before: str) -> Source:
    """Look into the repository."""
    path = project.settings.get("ci_config_path") or variables.CONFIG_PATH
    return await forge.git(_look, project, sha, before, str(path))


def _look(path: Path, sha: str, before: str, config_path: str) -> Source:
    try:
        text = reading.file(path, sha, config_path).content.decode(errors="replace")
    except reading.NoSuchPath:
        text = None
    entries = reading.tree(path, sha, recursive=True)
    return Source(
        commit=reading.commit(path, sha),
        config=text,
        files=frozenset(entry.path for entry in entries if entry.type == "blob"),
        changed=_changed(path, before, sha),
    )


def _changed(path: Path, before: str, sha: str) -> frozenset[str] | None:
    """The files that a push changed; of a new branch nobody can say."""
    if before == repository.ZERO:
        return None
    try:
        return frozenset(each.new_path for each in diffs.between(path, before, sha))
    except repository.UnknownRevision:
        return None


def parsed(forge: Forge, pipeline: Pipeline, source: Source) -> PipelinePlan:
    """The jobs of a pipeline.

    Raises:
        CiConfigError: the configuration cannot be used.
    """
    return config.parse(
        pipeline.config,
        variables=variables.of_pipeline(forge, pipeline, source.commit),
        files=source.files,
        changed=source.changed,
    )


async def plan_of(forge: Forge, pipeline: Pipeline) -> PipelinePlan:
    """The plan of a pipeline that was made before, read again from what it was made of."""
    project = forge.store.projects[pipeline.project_id]
    since = pipeline.changed_since or pipeline.before_sha
    source = await source_of(forge, project, pipeline.sha, since)
    return parsed(forge, pipeline, source)
