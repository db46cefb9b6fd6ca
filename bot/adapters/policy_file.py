"""The approval policy as operators write it: YAML, held against its schema."""

from pathlib import Path

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from bot.domain.errors import PermanentError
from bot.domain.policy import Policy

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


def _told(error: ValidationError) -> str:
    """Every problem with its place, as in `rules.2.when.visibility: Input should be …`."""
    problems = []
    for problem in error.errors(include_url=False, include_input=False):
        place = ".".join(str(part) for part in problem["loc"]) or "the whole"
        problems.append(f"{place}: {problem['msg'].removeprefix('Value error, ')}")
    return "; ".join(problems) + "."
