"""Put the values of variables into texts, as the shell would write them: `$NAME` and `${NAME}`."""

import re
from collections.abc import Mapping
from typing import Final

_USE: Final = re.compile(r"\$(?:(?P<escaped>\$)|(?P<bare>\w+)|\{(?P<braced>\w+)\})")


def expanded(text: str, variables: Mapping[str, str]) -> str:
    """The text with the variables' values; unknown ones are empty, and `$$` is a dollar sign."""

    def value(match: re.Match[str]) -> str:
        if match["escaped"]:
            return "$"
        return variables.get(match["bare"] or match["braced"], "")

    return _USE.sub(value, text)


def expanded_all(own: Mapping[str, str], outer: Mapping[str, str]) -> dict[str, str]:
    """`outer`, and what `own` adds to it with all references replaced; a circle is left as it is written."""
    finished: dict[str, str] = dict(outer)
    for name in own:
        _settle(name, own, finished, frozenset())
    return finished


def _settle(
    name: str, own: Mapping[str, str], finished: dict[str, str], trail: frozenset[str]
) -> None:
    if name in finished or name not in own or name in trail:
        return
    used = {match["bare"] or match["braced"] or "" for match in _USE.finditer(own[name])}
    for other in used:
        _settle(other, own, finished, trail | {name})
    in_circle = any(other in own and other not in finished for other in used)
    finished[name] = own[name] if in_circle else expanded(own[name], finished)
