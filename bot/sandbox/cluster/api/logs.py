"""Stream a container's log from the file that the kubelet writes: <logs>/<namespace>/<pod>/<container>.log."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from bot.sandbox.cluster.api import refusals, writing
from bot.sandbox.cluster.api.cluster import Call, Cluster
from bot.sandbox.cluster.api.columns import at
from bot.sandbox.cluster.api.store import Key

_POLL_SECONDS = 0.25


def stream(cluster: Cluster, call: Call) -> AsyncIterator[bytes]:
    """Return the log in pieces, and what is still to come where the client follows.

    Raises:
        Refusal: the pod or the container is not there, or has not started yet.
    """
    pod = writing.live(cluster, call)
    container = _container(call, at(pod, "spec", "containers", default=[]))
    path = cluster.logs / call.namespace / call.name / f"{container}.log"
    if not path.exists():
        raise refusals.bad_request(
            f'container "{container}" in pod "{call.name}" is waiting to start: ContainerCreating'
        )
    tail = call.number("tailLines", -1)
    start = _tail_offset(path, tail) if tail >= 0 else 0
    return _pieces(cluster, call.key, path, start, follows=call.query.get("follow") == "true")


def _container(call: Call, containers: list[dict[str, str]]) -> str:
    names = [each["name"] for each in containers]
    wanted = call.query.get("container") or (names[0] if len(names) == 1 else "")
    if not wanted:
        listed = " ".join(names)
        raise refusals.bad_request(
            f"a container name must be specified for pod {call.name}, choose one of: [{listed}]"
        )
    if wanted not in names:
        raise refusals.bad_request(f"container {wanted} is not valid for pod {call.name}")
    return wanted


def _tail_offset(path: Path, lines: int) -> int:
    """Return where the last lines begin."""
    content = path.read_bytes()
    ends = [index + 1 for index, byte in enumerate(content[:-1]) if byte == ord("\n")]
    starts = [0, *ends]
    return len(content) if lines == 0 else starts[-lines] if lines <= len(starts) else 0


async def _pieces(
    cluster: Cluster, key: Key, path: Path, start: int, *, follows: bool
) -> AsyncIterator[bytes]:
    """Read on while the pod is there; a file has no other way to tell that it grew."""
    offset = start
    while True:
        is_over = not follows or cluster.store.get(key) is None
        try:
            with path.open("rb") as file:
                file.seek(offset)
                piece = file.read()
        except FileNotFoundError:
            return
        if piece:
            offset += len(piece)
            yield piece
        elif is_over:
            return
        if not is_over:
            await asyncio.sleep(_POLL_SECONDS)
