"""Trouble on demand for the fakes: before the effect, or after it when only the answer is lost."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bot.domain.errors import PermanentError, TemporaryError


@dataclass(slots=True)
class _Fault:
    error: TemporaryError | PermanentError
    call: str
    after_effect: bool
    skips: int


class Faults:
    """Errors that wait for the calls that they are meant for, each for one."""

    def __init__(self) -> None:
        self._waiting: list[_Fault] = []

    def fail_next(
        self,
        error: TemporaryError | PermanentError,
        *,
        call: str = "",
        after_effect: bool = False,
        skips: int = 0,
    ) -> None:
        """Have the next call fail.

        Args:
            error: what it raises.
            call: the name of the method; empty for whichever is called next.
            after_effect: whether the call does its work first, as when a connection breaks under the answer.
            skips: how many such calls go well before.
        """
        self._waiting.append(_Fault(error, call, after_effect, skips))

    @contextmanager
    def around(self, call: str) -> Iterator[None]:
        """Raise the fault that waits for this call, if any, on the right side of its effect."""
        fault = next((f for f in self._waiting if f.call in {"", call}), None)
        if fault and fault.skips:
            fault.skips -= 1
            fault = None
        elif fault:
            self._waiting.remove(fault)
        if fault and not fault.after_effect:
            raise fault.error
        yield
        if fault:
            raise fault.error
