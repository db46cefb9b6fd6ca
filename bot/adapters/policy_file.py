"""The approval policy as operators write it: YAML, held against its schema."""

from collections.abc import Collection
from pathlib import Path

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from bot.adapters import template_file
from bot.domain import policy
from bot.domain.errors import PermanentError
from bot.domain.policy import Policy
from bot.ports.finding import Checkup, Findings, failed, ok

_SYSTEM = "Policy"
_FIX = "Mend the file; `python -m bot policy check` says when it is right."


def read_policy(file: Path) -> Policy:
    """The policy of a file.

    Raises:
        PermanentError: the file cannot be read or is no policy, with a sentence for each place at fault.
    """
    try:
        content = YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise PermanentError(f"{file} cannot be read: {error.strerror}.", _FIX) from error
    except (YAMLError, UnicodeDecodeError) as error:
        raise PermanentError(f"{file} is no valid YAML: {error}", _FIX) from error
    try:
        return Policy.model_validate(content)
    except ValidationError as error:
        raise PermanentError(f"{file} is no policy: {_told(error)}", _FIX) from None


def fitting(
    file: Path | None, *, templates: Path | None, environments: Collection[str] | None
) -> Policy:
    """The policy of a file, or the bot's own without one, for these templates and environments.

    Args:
        file: the policy's.
        templates: the folder of templates; None where it is not known.
        environments: the names of environments; None where they are not known.

    Raises:
        PermanentError: as `read_policy`, and where a rule could never fit, as what it names is not there: what it is
            about would go ahead without the approval that somebody meant to be asked for.
    """
    rules = read_policy(file) if file else policy.DEFAULT
    known = None if templates is None else _names(templates)
    strange = tuple(policy.misnamed(rules, templates=known, environments=environments))
    if strange:
        raise PermanentError(f"{file} has rules that never fit: {'; '.join(strange)}.", _FIX)
    return rules


def checkup(file: Path | None, *, templates: Path, environments: Collection[str]) -> Checkup:
    """Whether the rules are right, and fit these templates and environments."""
    return Checkup(_SYSTEM, "IDP_POLICY_FILE", _findings(file, templates, environments))


async def _findings(file: Path | None, templates: Path, environments: Collection[str]) -> Findings:
    try:
        rules = fitting(file, templates=templates, environments=environments)
    except PermanentError as error:
        yield failed(_SYSTEM, "rules", error.cause, error.fix)
    else:
        whose = f"of {file}" if file else "of the bot's own"
        yield ok(_SYSTEM, "rules", f"{len(rules.rules)} rules {whose} are right.")


def _names(templates: Path) -> frozenset[str]:
    """The names of the bot's templates; one that cannot be read goes by its folder's, as it is not the rule's fault."""
    names = set()
    for file in templates.glob(f"*/{template_file.NAME}"):
        try:
            template = template_file.read(file.parent, digest="")
        except PermanentError:
            names.add(file.parent.name)
        else:
            names.update([template.name] if template else [])
    return frozenset(names)


def _told(error: ValidationError) -> str:
    """Every problem with its place, as in `rules.2.when.visibility: Input should be …`."""
    problems = []
    for problem in error.errors(include_url=False, include_input=False):
        place = ".".join(str(part) for part in problem["loc"]) or "the whole"
        problems.append(f"{place}: {problem['msg'].removeprefix('Value error, ')}")
    return "; ".join(problems) + "."
