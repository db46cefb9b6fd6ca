"""A project of the memory Git host: branches of commits, and what hangs on them."""

import hashlib
import itertools
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from ruamel.yaml import YAML

from bot.ports.git_host import (
    Commit,
    NewProject,
    Pipeline,
    PipelineJob,
    PipelineState,
    Project,
    RenderedFile,
)

_CONFIGURATION = ".gitlab-ci.yml"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A commit with the whole tree after it."""

    sha: str
    message: str
    files: Mapping[str, RenderedFile]
    changed: frozenset[str]


@dataclass(slots=True)
class Repository:
    """One project; `branches` hold their commits, oldest first. `shown_as` is what it was asked to look like."""

    project: Project
    shown_as: NewProject | None = None
    is_archived: bool = False
    branches: dict[str, list[Snapshot]] = field(default_factory=dict)
    variables: set[str] = field(default_factory=set)
    push_tokens_for: set[str] = field(default_factory=set)
    webhooks: set[str] = field(default_factory=set)
    pipelines: dict[str, list[Pipeline]] = field(default_factory=dict)
    logs: dict[int, str] = field(default_factory=dict)
    _job_ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def at(self, ref: str) -> Snapshot | None:
        """The commit that a branch or sha names."""
        if ref in self.branches:
            return self.branches[ref][-1]
        commits = itertools.chain.from_iterable(self.branches.values())
        return next((commit for commit in commits if commit.sha == ref), None)

    def commit(self, files: Mapping[str, RenderedFile], *, message: str, branch: str) -> Commit:
        """Commit what differs; a new branch starts where the default branch stands."""
        if not self.branches:
            self.project = self.project.model_copy(update={"default_branch": branch})
        default = self.branches.get(self.project.default_branch, [])
        history = self.branches.get(branch) or list(default)
        before = history[-1].files if history else {}
        changed = frozenset(path for path, file in files.items() if before.get(path) != file)
        if history and not changed:
            touching = (c for c in reversed(history) if c.changed & files.keys())
            return self.shown(next(touching, history[-1]))
        return self._add(history, {**before, **files}, changed, message=message, branch=branch)

    def remove(self, paths: Collection[str], *, message: str, branch: str) -> Commit | None:
        """Commit the deletion of those of the files that the branch has."""
        history = self.branches.get(branch, [])
        before = history[-1].files if history else {}
        gone = before.keys() & set(paths)
        if not gone:
            return None
        tree = {path: file for path, file in before.items() if path not in gone}
        return self._add(history, tree, frozenset(gone), message=message, branch=branch)

    def _add(
        self,
        history: list[Snapshot],
        tree: Mapping[str, RenderedFile],
        changed: frozenset[str],
        *,
        message: str,
        branch: str,
    ) -> Commit:
        parent = history[-1].sha if history else ""
        snapshot = Snapshot(_sha(parent, message, tree), message, tree, changed)
        self.branches[branch] = [*history, snapshot]
        if _CONFIGURATION in tree:
            self._create_pipeline(snapshot)
        return self.shown(snapshot)

    def shown(self, snapshot: Snapshot) -> Commit:
        """The commit as the port has it."""
        return Commit(sha=snapshot.sha, web_url=f"{self.project.web_url}/-/commit/{snapshot.sha}")

    def finish_pipeline(self, sha: str, *, failed_job: str = "", log: str = "") -> None:
        """Let the newest pipeline of a commit run to its end; jobs after a failed one stay where they are."""
        pipeline = self.pipelines[sha][-1]
        jobs = list(pipeline.jobs)
        for place, job in enumerate(jobs):
            failed = job.name == failed_job
            state = PipelineState.FAILED if failed else PipelineState.PASSED
            failure = "script_failure" if failed else ""
            jobs[place] = job.model_copy(update={"state": state, "failure": failure})
            self.logs[job.id] = log if failed else "Job succeeded"
            if failed:
                break
        ending = PipelineState.FAILED if failed_job else PipelineState.PASSED
        changes = {"state": ending, "jobs": tuple(jobs)}
        self.pipelines[sha][-1] = pipeline.model_copy(update=changes)

    def _create_pipeline(self, snapshot: Snapshot) -> None:
        url = f"{self.project.web_url}/-/pipelines/{snapshot.sha[:8]}"
        configuration = snapshot.files[_CONFIGURATION].content
        pipeline = Pipeline(
            web_url=url, state=PipelineState.WAITING, jobs=self._jobs(configuration)
        )
        if not pipeline.jobs:
            problem = "jobs config should contain at least one visible job"
            changes = {"state": PipelineState.FAILED, "problem": problem}
            pipeline = pipeline.model_copy(update=changes)
        self.pipelines.setdefault(snapshot.sha, []).append(pipeline)

    def _jobs(self, configuration: bytes) -> tuple[PipelineJob, ...]:
        """The jobs in the order of their stages."""
        content = YAML(typ="safe", pure=True).load(configuration) or {}
        stages = content.get("stages", ["build", "test", "deploy"])
        jobs = [
            (stages.index(body.get("stage", "test")), name)
            for name, body in content.items()
            if isinstance(body, dict) and "script" in body and not name.startswith(".")
        ]
        return tuple(self._job(name) for _, name in sorted(jobs, key=lambda j: j[0]))

    def _job(self, name: str) -> PipelineJob:
        number = next(self._job_ids)
        return PipelineJob(
            id=number,
            name=name,
            state=PipelineState.WAITING,
            web_url=f"{self.project.web_url}/-/jobs/{number}",
        )


def _sha(parent: str, message: str, tree: Mapping[str, RenderedFile]) -> str:
    digest = hashlib.sha1(f"{parent}\0{message}".encode(), usedforsecurity=False)
    for path, file in sorted(tree.items()):
        digest.update(f"{path}\0{file.executable}\0".encode() + file.content)
    return digest.hexdigest()
