"""A process that was told to stop does so in time."""

import subprocess
import sys

import pytest

STUCK = """
import threading, time
from bot.cli.ending import end_within
threading.Thread(target=time.sleep, args=(60,)).start()
end_within(0.1)
"""
HUNG_UP = """
import asyncio, os, signal
from bot.cli.ending import asked_to_end
async def is_asked():
    signal.signal(signal.SIGHUP, signal.{before})
    asked = asked_to_end()
    os.kill(os.getpid(), signal.SIGHUP)
    await asyncio.sleep(0.05)
    return asked.is_set()
print(asyncio.run(is_asked()))
"""
WELL = """
from bot.cli.ending import end_within
end_within(60)
"""


def test_a_thread_that_cannot_be_stopped_does_not_keep_the_process() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", STUCK], check=False, timeout=30, capture_output=True
    )

    assert ended.returncode == 1
    assert b"cut_off" in ended.stderr


def test_a_process_that_ends_by_itself_is_not_held_up() -> None:
    assert subprocess.run([sys.executable, "-c", WELL], check=False, timeout=30).returncode == 0


@pytest.mark.parametrize(("before", "is_asked"), [("SIG_DFL", "True"), ("SIG_IGN", "False")])
def test_a_closed_terminal_asks_a_process_to_end_unless_nohup_was_said(
    before: str, is_asked: str
) -> None:
    told = subprocess.run(
        [sys.executable, "-c", HUNG_UP.format(before=before)],
        check=True,
        timeout=30,
        capture_output=True,
        text=True,
    )

    assert told.stdout.strip() == is_asked
