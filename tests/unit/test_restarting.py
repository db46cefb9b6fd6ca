"""A part of the box that is stopped and started again."""

import contextlib
from collections.abc import AsyncIterator

import pytest

from bot.sandbox import restarting
from bot.sandbox.restarting import Restartable

OFF, ON = False, True


class Parts:
    """Opens parts one after the other, each named after the one before; some openings fail."""

    def __init__(self, *failures: int) -> None:
        self.failures = failures
        self.tried = 0
        self.is_open = False

    @contextlib.asynccontextmanager
    async def open(self, before: str | None) -> AsyncIterator[str]:
        self.tried += 1
        if self.tried in self.failures:
            raise OSError("the port is taken")
        self.is_open = True
        try:
            yield f"after {before}"
        finally:
            self.is_open = False


async def test_a_part_is_open_while_it_is_wanted_and_knows_what_it_was_before() -> None:
    parts = Parts()
    part = Restartable(parts.open)
    async with part.running() as first:
        seen = [(parts.is_open, parts.tried)]
        for wanted in (OFF, OFF, ON, ON):
            await part.switch(wanted)
            seen.append((parts.is_open, parts.tried))

    assert first == "after None"
    assert seen == [(True, 1), (False, 1), (False, 1), (True, 2), (True, 2)]
    assert not parts.is_open


async def test_a_part_may_be_stopped_when_the_box_ends() -> None:
    parts = Parts()
    part = Restartable(parts.open)
    async with part.running():
        await part.switch(OFF)

    assert parts.tried == 1


async def test_a_part_that_cannot_be_opened_at_first_says_why() -> None:
    part = Restartable(Parts(1).open)

    with pytest.raises(OSError, match="the port is taken"):
        async with part.running():
            pytest.fail("it does not run")


async def test_a_part_that_cannot_come_back_at_once_tries_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(restarting, "SECONDS_UNTIL_PORT_IS_TRIED_AGAIN", 0)
    parts = Parts(2, 3)
    part = Restartable(parts.open)
    async with part.running():
        await part.switch(OFF)
        await part.switch(ON)
        assert (parts.is_open, parts.tried) == (True, 4)
