"""Which ports the box takes, and whether it can have them."""

import socket
from collections.abc import Iterable

from bot.adapters.loopback import LOOPBACK
from bot.domain.errors import PermanentError

USUAL = 7400
_LAST = 65_535


def chosen(wished: int | None, before: int | None, *, count: int) -> int:
    """The first of the ports: the one that was wished for, else the one that the state was made on, else the usual one.

    Args:
        wished: 0 takes free ones at each start.
        before: None where there is no state yet.
        count: how many there have to be in a row.

    Raises:
        PermanentError: there are no such ports, or what was made names others.
    """
    if wished is not None and not 0 <= wished <= _LAST + 1 - count:
        raise PermanentError(
            f"There are no {count} ports from {wished} on: they end with {_LAST}.",
            "Name another first one: --port 8000 (make demo PORT=8000).",
        )
    if wished is not None and before is not None and wished != before:
        raise PermanentError(
            f"What this folder keeps was made on the ports from {before} on, and its repositories and applications name them.",
            f"Go on with --port {before} (PORT={before}) or without any, or start anew with --fresh (FRESH=1).",
        )
    return next(port for port in (wished, before, USUAL) if port is not None)


def ensure_free(ports: Iterable[int], *, is_bound: bool) -> None:
    """Find out whether each can be listened on.

    Args:
        ports: on the loopback interface.
        is_bound: whether what is kept names these ports, so that others would need a new beginning.

    Raises:
        PermanentError: with the one that cannot.
    """
    elsewhere = "start anew on others: --fresh --port 8000 (FRESH=1 PORT=8000)"
    others = "take others: --port 8000 (PORT=8000)"
    for port in sorted(ports):
        try:
            _listen(port)
        except OSError as error:
            raise PermanentError(
                f"Port {port} cannot be had: {error.strerror}.",
                f"Stop what listens there, or {elsewhere if is_bound else others}.",
            ) from error


def _listen(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((LOOPBACK, port))
