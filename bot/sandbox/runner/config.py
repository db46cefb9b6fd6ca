"""Read a `.gitlab-ci.yml`: which jobs a pipeline has, in which stages, under which conditions."""

from collections.abc import Mapping
from typing import Any, Final

from bot.sandbox.runner import document, inheritance, jobs, keywords, rules
from bot.sandbox.runner.plan import (
    FIRST_STAGE,
    LAST_STAGE,
    CiConfigError,
    JobPlan,
    PipelinePlan,
)
from bot.sandbox.runner.rules import Facts, Verdict
from bot.sandbox.runner.section import Problems, Section
from bot.sandbox.runner.substitution import expanded, expanded_all

__all__ = ["CiConfigError", "parse"]

_DEFAULT_STAGES: Final = ("build", "test", "deploy")
_OLD_DEFAULTS: Final = ("image", "services", "cache", "before_script", "after_script")
_GLOBAL: Final = frozenset({"default", "stages", "variables", "workflow", *_OLD_DEFAULTS})
_UNSUPPORTED: Final = frozenset({"include", "spec"})
_FILTERED: Final = "Pipeline filtered out by workflow rules."
_MERGE_REQUEST: Final = "merge_request_event"
_NO_JOBS: Final = (
    "Pipeline will not run for the selected trigger."
    " The rules configuration prevented any jobs from being added to the pipeline."
)


def parse(
    text: str,
    *,
    variables: Mapping[str, str],
    files: frozenset[str] = frozenset(),
    changed: frozenset[str] | None = None,
) -> PipelinePlan:
    """Read the file for one commit.

    Args:
        text: the content of the file.
        variables: CI_* and project variables, which rules may ask and which win over the file's own.
        files: what `rules:exists` looks through.
        changed: what `rules:changes` looks through; where it is not known, everything counts as changed.

    Raises:
        CiConfigError: with all that is wrong, each naming the job, the key and the line.
    """
    source = inheritance.resolved(document.load(text))
    problems = Problems(source)
    root = Section(source.content, ("root",), problems)
    workflow = root.child("workflow")
    own = Section(source.content, ("root",), problems).variables()
    verdict = _workflow_verdict(workflow, Facts({**own, **variables}, files, changed))
    facts = Facts(variables, files, changed)
    stages = _stages(root)
    reader = _Reader(source, problems, {**own, **verdict.variables}, facts)
    every = reader.jobs()
    _check_order(every, {name for name, (_, held) in every.items() if held}, stages, problems)
    if problems.found:
        raise CiConfigError(tuple(dict.fromkeys(problems.found)))
    chosen = tuple(job for job, held in every.values() if held) if verdict.included else ()
    return PipelinePlan(
        stages=stages,
        jobs=chosen,
        name=_name(workflow, expanded_all(own, variables)),
        auto_cancel=str(workflow.child("auto_cancel").content.get("on_new_commit", "conservative")),
        refusal=None if chosen else _NO_JOBS if verdict.included else _FILTERED,
    )


class _Reader:
    """Reads the visible jobs of one file."""

    def __init__(
        self, source: document.Document, problems: Problems, own: dict[str, str], facts: Facts
    ) -> None:
        self._source = source
        self._problems = problems
        self._own = own
        self._facts = facts
        self._default = self._read_default()

    def jobs(self) -> dict[str, tuple[JobPlan, bool]]:
        """Each job and whether its rules want it here."""
        found: dict[str, tuple[JobPlan, bool]] = {}
        for name, content in self._source.content.items():
            if name in _GLOBAL or name.startswith("."):
                continue
            if name in _UNSUPPORTED:
                self._problems.add(f"root config: {name} is not supported by this runner", name)
            elif not isinstance(content, Mapping):
                self._problems.add(
                    f"jobs {name} config should implement the script:, run:, or trigger: keyword",
                    name,
                )
            else:
                found[name] = self._job(name, content)
        if not found and not self._problems.found:
            self._problems.add("jobs config should contain at least one visible job")
        return found

    def _read_default(self) -> dict[str, Any]:
        root = Section(self._source.content, ("root",), self._problems)
        default = Section(root.child("default").content, ("default",), self._problems)
        default.refuse_others(keywords.DEFAULT_KEYS, ("hooks", "id_tokens", "identity"))
        old = {key: root.content[key] for key in _OLD_DEFAULTS if key in root.content}
        return {**old, **default.content}

    def _job(self, name: str, content: Mapping[str, Any]) -> tuple[JobPlan, bool]:
        written = Section(content, (name,), self._problems)
        written.refuse_others(keywords.KEYS, keywords.UNSUPPORTED)
        variables = {**self._own, **written.variables()}
        facts = Facts(
            {**variables, **self._facts.variables}, self._facts.files, self._facts.changed
        )
        verdict = rules.decide(written, facts)
        job = jobs.read(
            Section({**self._default, **content}, (name,), self._problems),
            variables={**variables, **verdict.variables},
            outer=self._facts.variables,
            verdict=verdict,
        )
        return job, verdict.included and not self._is_for_branches_only(content)

    def _is_for_branches_only(self, content: Mapping[str, Any]) -> bool:
        """Without rules of its own or of the workflow's, a job is for branches and tags, not for merge requests."""
        workflow = self._source.content.get("workflow")
        ruled = "rules" in content or (isinstance(workflow, Mapping) and "rules" in workflow)
        return not ruled and self._facts.variables.get("CI_PIPELINE_SOURCE") == _MERGE_REQUEST


def _workflow_verdict(workflow: Section, facts: Facts) -> Verdict:
    reading = Section(workflow.content, ("workflow",), workflow.problems)
    reading.refuse_others(("name", "rules", "auto_cancel"))
    return rules.decide(reading, facts)


def _name(workflow: Section, variables: Mapping[str, str]) -> str | None:
    text = workflow.text("name")
    return None if text is None else expanded(text, variables).strip() or None


def _stages(root: Section) -> tuple[str, ...]:
    value = root.content.get("stages", list(_DEFAULT_STAGES))
    if not isinstance(value, list) or not all(isinstance(stage, str) for stage in value):
        root.problems.add("stages config should be an array of strings", "stages")
        value = []
    middle = [stage for stage in dict.fromkeys(value) if stage not in {FIRST_STAGE, LAST_STAGE}]
    return (FIRST_STAGE, *middle, LAST_STAGE)


def _check_order(
    every: Mapping[str, tuple[JobPlan, bool]],
    included: set[str],
    stages: tuple[str, ...],
    problems: Problems,
) -> None:
    """Every stage has to exist, and whatever is needed has to be there and to come first."""
    for name, (job, _) in every.items():
        if job.stage not in stages:
            problems.add(
                f"{name} job: chosen stage {job.stage} does not exist;"
                f" available stages are {', '.join(stages)}",
                name,
                "stage",
            )
        for needed in _needed(job):
            _check_need(name, needed, every, problems)
        if name in included:
            _check_presence(job, included, every, problems)
    _check_circles(every, problems)


def _needed(job: JobPlan) -> tuple[str, ...]:
    return tuple(need.job for need in job.needs or () if not need.optional)


def _check_need(
    name: str, needed: str, every: Mapping[str, tuple[JobPlan, bool]], problems: Problems
) -> None:
    if needed not in every:
        problems.add(f"{name} job: undefined need: {needed}", name, "needs")


def _check_presence(
    job: JobPlan,
    included: set[str],
    every: Mapping[str, tuple[JobPlan, bool]],
    problems: Problems,
) -> None:
    for needed in _needed(job):
        if needed in every and needed not in included:
            problems.add(
                f"'{job.name}' job needs '{needed}' job, but '{needed}' does not exist in the pipeline."
                " This might be because of the only, except, or rules keywords."
                " To need a job that sometimes does not exist in the pipeline, use needs:optional.",
                job.name,
                "needs",
            )


def _check_circles(every: Mapping[str, tuple[JobPlan, bool]], problems: Problems) -> None:
    """Look for a job that waits for itself, taking away job after job that waits for nobody."""
    waiting = {
        name: {need for need in _needed(job) if need in every} for name, (job, _) in every.items()
    }
    while free := [name for name, needs in waiting.items() if not needs & set(waiting)]:
        for name in free:
            del waiting[name]
    for name in waiting:
        problems.add(f"{name} job: the pipeline has circular dependencies", name, "needs")
