"""How a process ends: when it is asked to, and at the latest some seconds after that."""

import asyncio
import logging
import os
import signal
import threading

log = logging.getLogger(__name__)


def asked_to_end() -> asyncio.Event:
    """Set by SIGTERM, by Ctrl-C and by a terminal that is closed, unless `nohup` has said that this means nothing."""
    asked = asyncio.Event()
    for wish in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if wish is not signal.SIGHUP or signal.getsignal(wish) is not signal.SIG_IGN:
            asyncio.get_running_loop().add_signal_handler(wish, asked.set)
    return asked


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
