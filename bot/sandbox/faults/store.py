"""The faults that are on at this moment, shared by all parts of a process."""

import asyncio
import itertools
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from bot.sandbox.faults.kinds import Counted, Fault, StoppedPart

F = TypeVar("F", bound=Fault)
Switch = Callable[[bool], Awaitable[None]]
"""Starts a part (True) or stops it (False), and returns once that is done."""

REMEMBERED = 10


@dataclass(slots=True)
class Active:
    """A fault that somebody asked for, and how often it has struck."""

    id: int
    fault: Fault
    hits: int = 0
    timer: asyncio.TimerHandle | None = None

    @property
    def left(self) -> int | None:
        """How often it will still strike; None where nobody counts."""
        times = self.fault.times if isinstance(self.fault, Counted) else None
        return None if times is None else times - self.hits

    @property
    def seconds_left(self) -> float | None:
        """How long it will last; None where it has no end."""
        if self.timer is None:
            return None
        return max(0.0, round(self.timer.when() - asyncio.get_running_loop().time(), 1))

    def as_json(self) -> dict[str, Any]:
        """The wish without what was not said, and how it stands."""
        wish = self.fault.model_dump(mode="json", exclude_none=True)
        first = {"id": self.id, "kind": wish["kind"], "part": wish["part"]}
        hits = self.hits if isinstance(self.fault, Counted) else None
        told = {"hits": hits, "left": self.left, "seconds_left": self.seconds_left}
        return first | wish | {k: v for k, v in told.items() if v is not None}


@dataclass(slots=True)
class Faults:
    """What is faulty now. Whoever can be struck asks; whoever must act at once follows."""

    switches: dict[str, Switch] = field(default_factory=dict)
    past: deque[Active] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    _active: dict[int, Active] = field(default_factory=dict)
    _followers: list[Callable[[], None]] = field(default_factory=list)
    _switching: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def add(self, fault: Fault) -> Active:
        """Let something be faulty from now on."""
        made = Active(next(self._numbers), fault)
        if fault.for_seconds is not None:
            loop = asyncio.get_running_loop()
            made.timer = loop.call_later(fault.for_seconds, self.clear, made.id)
        self._active[made.id] = made
        self._tell()
        return made

    def clear(self, number: int) -> bool:
        """End a fault; False where there is no such one."""
        ended = self._active.pop(number, None)
        if ended is None:
            return False
        if ended.timer:
            ended.timer.cancel()
            ended.timer = None
        self.past.appendleft(ended)
        self._tell()
        return True

    def clear_all(self) -> int:
        """End them all; gives their number."""
        return sum(self.clear(number) for number in tuple(self._active))

    def listed(self) -> list[Active]:
        """All faults that are on, oldest first."""
        return list(self._active.values())

    def now(self, kind: type[F]) -> list[F]:
        """The faults of a kind that are on; asking strikes nobody."""
        return [each.fault for each in self._active.values() if isinstance(each.fault, kind)]

    def strike(self, kind: type[F], fits: Callable[[F], bool]) -> F | None:
        """Find the oldest fault of a kind that fits, and count that it struck."""
        for each in tuple(self._active.values()):
            if isinstance(each.fault, kind) and fits(each.fault):
                each.hits += 1
                if each.left == 0:
                    self.clear(each.id)
                return each.fault
        return None

    def follow(self, told: Callable[[], None]) -> None:
        """Hear of every beginning and every end."""
        self._followers.append(told)

    def unfollow(self, told: Callable[[], None]) -> None:
        """Hear of no more."""
        self._followers[:] = [each for each in self._followers if each != told]

    def is_stopped(self, part: str) -> bool:
        """Whether a part is to be stopped."""
        return any(fault.part == part for fault in self.now(StoppedPart))

    async def settled(self, *, without: str = "") -> None:
        """Wait until every part runs or not, as wanted; except for one that waits for itself."""
        waited = [task for part, task in self._switching.items() if part != without]
        if waited:
            # Whoever waits may be cancelled; what is waited for may not.
            await asyncio.wait(waited)

    def _tell(self) -> None:
        for told in self._followers:
            told()
        for part, switch in self.switches.items():
            wanted = not self.is_stopped(part)
            before = self._switching.get(part)
            if before is not None or not wanted:
                self._switching[part] = asyncio.create_task(_switched(switch, before, on=wanted))


async def _switched(switch: Switch, before: asyncio.Task[None] | None, *, on: bool) -> None:
    if before:
        await asyncio.wait({before})
    await switch(on)
