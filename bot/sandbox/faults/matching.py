"""Whether a fault is meant for a request."""

import re
from urllib.parse import unquote

from starlette.types import Scope

from bot.sandbox.faults.kinds import HttpFault


def fits(fault: HttpFault, part: str, scope: Scope) -> bool:
    """Whether the fault names this part, method and path."""
    if fault.part != part or fault.method not in {None, scope["method"]}:
        return False
    return fault.path is None or found_in_path(fault.path, scope)


def found_in_path(pattern: re.Pattern[str], scope: Scope) -> bool:
    """Whether the expression is found in the path as it was sent, or decoded: `%2F` may be a slash."""
    written: str = scope["raw_path"].decode("ascii")
    return any(pattern.search(each) for each in (written, unquote(written)))
