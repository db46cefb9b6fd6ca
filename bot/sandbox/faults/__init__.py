"""Faults on demand: what may go wrong in the box, who asked for it, and where it strikes.

A fault names the part it is for and lasts until it is cleared, has struck often enough, or its time is over. Nothing is
ever faulty by itself. Parts that run in one process share one store; a part that is served alone has its own.
"""

from bot.sandbox.faults.middleware import front
from bot.sandbox.faults.store import Faults

__all__ = ["Faults", "front"]
