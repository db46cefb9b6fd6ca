"""Decide `rules`: the first one that holds says whether a job is in the pipeline, and how."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from bot.sandbox.runner import expressions, globs
from bot.sandbox.runner.section import Section

_KEYS: Final = ("if", "changes", "exists", "when", "allow_failure", "variables", "interruptible")
_WHENS: Final = ("on_success", "on_failure", "always", "never", "manual", "delayed")
_WORKFLOW_KEYS: Final = ("if", "changes", "exists", "when", "variables", "auto_cancel")


@dataclass(frozen=True, slots=True)
class Facts:
    """What rules may ask: variables, the files of the commit, and the files that it changed where that is known."""

    variables: Mapping[str, str]
    files: frozenset[str] = frozenset()
    changed: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rule that held says; a key that it leaves open stays the job's own."""

    included: bool
    when: str | None = None
    allow_failure: bool | None = None
    interruptible: bool | None = None
    variables: Mapping[str, str] = field(default_factory=dict)


ALWAYS: Final = Verdict(included=True)
NEVER: Final = Verdict(included=False)


def decide(section: Section, facts: Facts) -> Verdict:
    """The verdict of a job's or the workflow's rules; without rules everything is included.

    Every rule is read, also those behind the one that holds, so that mistakes are found.
    """
    rules = section.content.get("rules")
    if rules is None:
        return ALWAYS
    if not isinstance(rules, list):
        section.complain("rules", "should be an array of hashes")
        return NEVER
    verdict: Verdict | None = None
    for rule in _flat(rules):
        if not isinstance(rule, Mapping):
            section.complain("rules", "should be an array of hashes")
            continue
        outcome = _outcome(section, rule, facts)
        verdict = verdict or outcome
    return verdict or NEVER


def _flat(rules: list[Any]) -> list[Any]:
    flat: list[Any] = []
    for rule in rules:
        flat += _flat(rule) if isinstance(rule, list) else [rule]
    return flat


def _outcome(section: Section, rule: Mapping[str, Any], facts: Facts) -> Verdict | None:
    """The rule's verdict, or nothing where its condition is false."""
    workflow = section.path == ("workflow",)
    reading = Section(rule, (*section.path, "rules"), section.problems)
    reading.refuse_others(_WORKFLOW_KEYS if workflow else _KEYS, ("needs",))
    when = str(rule["when"]) if "when" in rule else None
    allowed = ("always", "never") if workflow else _WHENS
    if when is not None and when not in allowed:
        section.complain("rules", f"rule when unknown value: {when}")
    if when == "delayed":
        section.complain("rules", "rule when: delayed is not supported by this runner")
    if not _applies(section, rule, facts):
        return None
    allow = reading.flag("allow_failure") if "allow_failure" in rule else None
    interruptible = reading.flag("interruptible") if "interruptible" in rule else None
    return Verdict(when != "never", when, allow, interruptible, reading.variables())


def _applies(section: Section, rule: Mapping[str, Any], facts: Facts) -> bool:
    return all(
        (
            _condition_holds(section, rule, facts),
            _files_match(section, rule, "exists", facts.files),
            facts.changed is None or _files_match(section, rule, "changes", facts.changed),
        )
    )


def _condition_holds(section: Section, rule: Mapping[str, Any], facts: Facts) -> bool:
    condition = rule.get("if")
    if condition is None:
        return True
    try:
        return expressions.holds(str(condition), facts.variables)
    except expressions.InvalidExpression:
        section.complain("rules", "rule if invalid expression syntax")
        return False


def _files_match(
    section: Section, rule: Mapping[str, Any], key: str, files: frozenset[str]
) -> bool:
    wanted = rule.get(key)
    if isinstance(wanted, Mapping):
        if set(wanted) != {"paths"}:
            section.complain("rules", f"rule {key} supports only paths in this runner")
        wanted = wanted.get("paths", [])
    if wanted is None:
        return True
    if not isinstance(wanted, list) or not all(isinstance(path, str) for path in wanted):
        section.complain("rules", f"rule {key} should be an array of strings")
        return False
    return any(globs.matches(path, pattern) for pattern in wanted for path in files)
