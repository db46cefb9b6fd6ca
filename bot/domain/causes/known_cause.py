"""The form of a known cause."""

import re
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from bot.domain.value import Value


class Helper(StrEnum):
    """Who can do what a cause asks for."""

    REQUESTER = "the requester"
    PLATFORM_TEAM = "the platform team"


def _sign(pattern: str) -> str:
    re.compile(pattern)
    return pattern


Sign = Annotated[str, AfterValidator(_sign)]


class KnownCause(Value):
    """Something that is known to go wrong.

    `steps` are those that it can happen to, none for any. It is recognised by the first of its `signs`: patterns that
    are found, whatever the case, in the words in which the other side puts it. `meaning` and `fix` are for people, the
    fix in the imperative. `fields` are the form's properties of which another answer would mend it.
    """

    name: Annotated[str, Field(pattern=r"^[a-z]+(-[a-z]+)*$")]
    steps: tuple[str, ...] = ()
    signs: tuple[Sign, ...] = Field(min_length=1)
    meaning: str
    fix: str
    helper: Helper
    fields: tuple[str, ...] = ()
