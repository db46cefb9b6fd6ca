"""The ways in which work does not succeed, named by what to do about them.

Their words may be another system's and go to people, to the job store and to the audit, so secrets in them are masked.
"""

from collections.abc import Mapping
from datetime import timedelta

from bot.domain.secrecy import masked


class NotYet(Exception):
    """Nothing is wrong: what the step waits for has not happened, so it lets go of the worker.

    Args:
        why: what it waits for, as the end of the sentence "waiting for ...".
        look_again_in: when to look if no event comes first; None leaves it to the runner's patience.
    """

    def __init__(self, why: str, look_again_in: timedelta | None = None) -> None:
        self.why = masked(why)
        super().__init__(self.why)
        self.look_again_in = look_again_in


class TemporaryError(Exception):
    """The same call may succeed later: the runner tries again, with growing pauses and an end.

    Args:
        cause: what happened, for people.
        retry_after: the other side's own wish (`Retry-After`), if it has one.
    """

    def __init__(self, cause: str, retry_after: timedelta | None = None) -> None:
        self.cause = masked(cause)
        super().__init__(self.cause)
        self.retry_after = retry_after


class MaybeDone(TemporaryError):
    """The call may have had its effect, for only the answer is missing: look before asking again."""


class PermanentError(Exception):
    """The same call will fail again until a person does something.

    Args:
        cause: what happened and what it means, for people.
        fix: what to do, in the imperative.
        fields: the form's properties that are at fault, where another answer in the form would mend it.
    """

    def __init__(self, cause: str, fix: str, *, fields: tuple[str, ...] = ()) -> None:
        self.cause, self.fix = masked(cause), masked(fix)
        super().__init__(f"{self.cause} {self.fix}")
        self.fields = fields


class PlanAgain(Exception):
    """What would be made now is not what was planned: the plan is made again.

    Those who agreed to it are asked again, if it makes a difference.

    Args:
        why: what has changed, as a sentence.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Declined(Exception):
    """People (or the lack of an answer) ended the request: nothing is broken, and nothing goes on."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class RequestRejected(Exception):
    """What was asked cannot be done as asked; nothing was created.

    Args:
        problems: a sentence per form field, under the field's own name; under none what no answer is at fault for.
    """

    def __init__(self, problems: Mapping[str, str]) -> None:
        told = (f"{field}: {problem}" if field else problem for field, problem in problems.items())
        super().__init__("; ".join(told))
        self.problems = dict(problems)
