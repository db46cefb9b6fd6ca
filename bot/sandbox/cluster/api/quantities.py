"""Read and write Kubernetes' quantities: `250m`, `1Gi`, `3`."""

import re
from decimal import Decimal

_BINARY = {f"{letter}i": Decimal(1024) ** power for power, letter in enumerate("KMGTPE", 1)}
_DECIMAL = {letter: Decimal(1000) ** power for power, letter in enumerate("kMGTPE", 1)}
_FACTORS = {"": Decimal(1), "m": Decimal("0.001"), **_BINARY, **_DECIMAL}
_FORM = re.compile(r"([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)([a-zA-Z]*)")


def read(quantity: str | float) -> Decimal:
    """Return the number that a quantity means; what is none counts as nothing."""
    found = _FORM.fullmatch(str(quantity))
    return Decimal(found[1]) * _FACTORS.get(found[2], Decimal(1)) if found else Decimal(0)


def written(number: Decimal) -> str:
    """Write a number shortly: whole, in binary units where it divides evenly, else in thousandths."""
    if number != int(number):
        return f"{int(number * 1000)}m"
    whole = int(number)
    for unit, factor in reversed(_BINARY.items()):
        if whole and whole % int(factor) == 0:
            return f"{whole // int(factor)}{unit}"
    return str(whole)
