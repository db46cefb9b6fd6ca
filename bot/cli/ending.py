"""An end that comes at the latest after some seconds, whatever still runs."""

import logging
import os
import threading

log = logging.getLogger(__name__)


def end_within(seconds: float) -> None:
    """End the process then, unless it has ended by itself.

    A thread that waits for another system cannot be stopped, and Python would wait for it. What is cut off so is as
    safe as after any crash: another worker looks what was done, and goes on.
    """
    ending = threading.Timer(seconds, _end, [seconds])
    ending.daemon = True
    ending.start()


def _end(seconds: float) -> None:
    log.warning("bot.cut_off after %s s", seconds)
    os._exit(1)
