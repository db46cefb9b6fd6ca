"""A process that was told to stop does so in time."""

import subprocess
import sys

STUCK = """
import threading, time
from bot.cli.ending import end_within
threading.Thread(target=time.sleep, args=(60,)).start()
end_within(0.1)
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
