"""Read one job of the configuration into what the runner will do."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from bot.sandbox.runner import keywords
from bot.sandbox.runner.plan import (
    AllowFailure,
    Artifacts,
    Environment,
    JobPlan,
    Need,
    Retry,
    When,
)
from bot.sandbox.runner.rules import Verdict
from bot.sandbox.runner.section import Section
from bot.sandbox.runner.substitution import expanded, expanded_all


def read(
    job: Section, *, variables: Mapping[str, str], outer: Mapping[str, str], verdict: Verdict
) -> JobPlan:
    """Turn the hash into a plan; whatever does not fit is noted in the section's problems.

    Args:
        job: the job with its defaults merged in.
        variables: the file's own, for this job.
        outer: predefined and project variables, which win over the file's.
        verdict: what the rules decided.
    """
    name = job.path[0]
    manual = When.MANUAL in (verdict.when, job.content.get("when"))
    return JobPlan(
        name=name,
        stage=job.text("stage") or "test",
        script=_script(job),
        before_script=job.texts("before_script"),
        after_script=job.texts("after_script"),
        variables=MappingProxyType(dict(variables)),
        needs=_needs(job),
        dependencies=job.texts("dependencies") if "dependencies" in job.content else None,
        when=_when(job, verdict),
        allow_failure=_allow_failure(job, verdict, manual=manual),
        retry=_retry(job),
        environment=_environment(job, expanded_all(variables, outer)),
        resource_group=_expanded_text(job, "resource_group", expanded_all(variables, outer)),
        interruptible=_interruptible(job, verdict),
        timeout=job.duration("timeout"),
        coverage=job.text("coverage"),
        image=_image(job),
        tags=job.texts("tags"),
        artifacts=_artifacts(job),
    )


def _script(job: Section) -> tuple[str, ...]:
    if "script" not in job.content:
        job.problems.add(
            f"{job.title} config should implement the script:, run:, or trigger: keyword", *job.path
        )
        return ()
    lines = job.texts("script")
    if not lines and job.content["script"] in (None, [], ""):
        job.problems.add(f"{job.title}:script config can't be blank", *job.path, "script")
    return lines


def _when(job: Section, verdict: Verdict) -> When:
    own = job.choice("when", keywords.WHENS, "on_success")
    chosen = verdict.when or own
    if own == "delayed":
        job.complain("when", "delayed is not supported by this runner")
    return When(chosen) if chosen in set(When) else When.ON_SUCCESS


def _allow_failure(job: Section, verdict: Verdict, *, manual: bool) -> AllowFailure:
    """A manual job may fail unless it is made manual by a rule, or says otherwise."""
    if verdict.allow_failure is not None:
        return AllowFailure(always=verdict.allow_failure)
    value = job.content.get("allow_failure")
    if isinstance(value, Mapping):
        codes = value.get("exit_codes")
        codes = codes if isinstance(codes, list) else [codes]
        if set(value) == {"exit_codes"} and all(isinstance(code, int) for code in codes):
            return AllowFailure(exit_codes=tuple(codes))
        job.complain("allow_failure", "exit_codes should be an array of integers or an integer")
    if value is None:
        return AllowFailure(always=manual and verdict.when is None)
    return AllowFailure(always=not isinstance(value, Mapping) and job.flag("allow_failure"))


def _interruptible(job: Section, verdict: Verdict) -> bool:
    own = job.flag("interruptible")
    return own if verdict.interruptible is None else verdict.interruptible


def _needs(job: Section) -> tuple[Need, ...] | None:
    value = job.content.get("needs")
    if value is None:
        return None
    if not isinstance(value, list):
        job.complain("needs", "can only be a hash or an array")
        return None
    return tuple(need for entry in value if (need := _need(job, entry)) is not None)


def _need(job: Section, entry: Any) -> Need | None:
    if isinstance(entry, str):
        return Need(entry)
    if not isinstance(entry, Mapping) or not isinstance(entry.get("job"), str):
        job.complain("needs", "need has an unsupported type")
        return None
    reading = Section(entry, (*job.path, "needs"), job.problems)
    reading.refuse_others(
        ("job", "artifacts", "optional"), ("project", "pipeline", "parallel", "ref")
    )
    return Need(entry["job"], reading.flag("artifacts", default=True), reading.flag("optional"))


def _retry(job: Section) -> Retry:
    value = job.content.get("retry")
    reading = (
        job.child("retry")
        if isinstance(value, Mapping)
        else Section({} if value is None else {"max": value}, (*job.path, "retry"), job.problems)
    )
    reading.refuse_others(("max", "when", "exit_codes"))
    most = reading.content.get("max", 0)
    if isinstance(most, bool) or not isinstance(most, int) or not 0 <= most <= keywords.RETRY_MOST:
        job.problems.add(
            f"{job.title}:retry max must be less than or equal to 2", *job.path, "retry"
        )
        most = 0
    when = reading.texts("when") or ("always",)
    unknown = [word for word in when if word not in keywords.RETRY_WHENS]
    if unknown:
        job.complain("retry", f"when contains unknown values: {', '.join(unknown)}")
    codes = reading.content.get("exit_codes", [])
    return Retry(most, when, tuple(codes if isinstance(codes, list) else [codes]))


def _environment(job: Section, variables: Mapping[str, str]) -> Environment | None:
    value = job.content.get("environment")
    if value is None:
        return None
    if isinstance(value, str):
        return Environment(expanded(value, variables))
    reading = job.child("environment")
    reading.refuse_others(
        ("name", "url", "action", "deployment_tier"), ("on_stop", "auto_stop_in", "kubernetes")
    )
    name = _expanded_text(reading, "name", variables)
    if not name:
        job.problems.add(f"{job.title}:environment name can't be blank", *job.path, "environment")
        return None
    actions = ("start", "stop", "prepare", "verify", "access")
    tier = reading.text("deployment_tier")
    tiers = ("production", "staging", "testing", "development", "other")
    return Environment(
        name,
        _expanded_text(reading, "url", variables),
        reading.choice("action", actions, "start"),
        reading.choice("deployment_tier", tiers, "other") if tier else None,
    )


def _expanded_text(section: Section, key: str, variables: Mapping[str, str]) -> str | None:
    text = section.text(key)
    return None if text is None else expanded(text, variables)


def _image(job: Section) -> str | None:
    value = job.content.get("image")
    return job.child("image").text("name") if isinstance(value, Mapping) else job.text("image")


def _artifacts(job: Section) -> Artifacts:
    reading = job.child("artifacts")
    reading.refuse_others(keywords.ARTIFACT_KEYS)
    if reading.content.get("untracked"):
        reading.complain("untracked", "is not supported by this runner")
    reports = reading.child("reports")
    reports.refuse_others(keywords.REPORTS)
    return Artifacts(
        name=reading.text("name") or "artifacts",
        paths=reading.texts("paths"),
        exclude=reading.texts("exclude"),
        when=reading.choice("when", ("on_success", "on_failure", "always"), "on_success"),
        reports=MappingProxyType({kind: _report(reports, kind) for kind in reports.content}),
    )


def _report(reports: Section, kind: str) -> tuple[str, ...]:
    """A coverage report names its file one level further down."""
    if isinstance(reports.content[kind], Mapping):
        return reports.child(kind).texts("path")
    return reports.texts(kind)
