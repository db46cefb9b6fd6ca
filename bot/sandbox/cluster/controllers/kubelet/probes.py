"""Probes: whether a container has started, is ready, is alive."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import httpx

from bot.sandbox.cluster.controllers.objects import Object

LOOPBACK = "127.0.0.1"
# A container that is not ready may be probed more often than its period says.
SECONDS_UNTIL_FIRST_SUCCESS = 0.1

Ask = Callable[[], Awaitable[bool]]


async def until_success(probe: Object, ask: Ask) -> bool:
    """Probe until the first success; False when as many periods as the probe allows went by without one."""
    period, allowed = probe.get("periodSeconds", 10), probe.get("failureThreshold", 3)
    deadline = asyncio.get_running_loop().time() + probe.get("initialDelaySeconds", 0)
    deadline += period * allowed
    await asyncio.sleep(probe.get("initialDelaySeconds", 0))
    while not await ask():
        if asyncio.get_running_loop().time() > deadline:
            return False
        await asyncio.sleep(min(period, SECONDS_UNTIL_FIRST_SUCCESS))
    return True


async def until_failure(probe: Object, ask: Ask) -> None:
    """Probe at each period until as many failures in a row as the probe allows."""
    failures = 0
    while failures < probe.get("failureThreshold", 3):
        await asyncio.sleep(probe.get("periodSeconds", 10))
        failures = 0 if await ask() else failures + 1


def asker(
    probe: Object,
    *,
    http: httpx.AsyncClient,
    ports: Mapping[int | str, int],
    run: Callable[[list[str]], Awaitable[int]],
) -> Ask:
    """Turn a probe's description into a question.

    Args:
        probe: as the pod's spec has it.
        http: asks.
        ports: where declared ports, by number and by name, really are.
        run: runs a command as the container would, and gives its exit code.
    """
    seconds = probe.get("timeoutSeconds", 1)

    async def ask() -> bool:
        try:
            async with asyncio.timeout(seconds):
                return await _ask_once(probe, http, ports, run)
        except (TimeoutError, OSError, httpx.HTTPError):
            return False

    return ask


async def _ask_once(
    probe: Object,
    http: httpx.AsyncClient,
    ports: Mapping[int | str, int],
    run: Callable[[list[str]], Awaitable[int]],
) -> bool:
    if "exec" in probe:
        return await run(probe["exec"]["command"]) == 0
    if "httpGet" in probe:
        get = probe["httpGet"]
        port = ports.get(get["port"], get["port"])
        scheme = get.get("scheme", "HTTP").lower()
        headers = {entry["name"]: entry["value"] for entry in get.get("httpHeaders") or []}
        answer = await http.get(
            f"{scheme}://{LOOPBACK}:{port}{get.get('path', '/')}", headers=headers
        )
        return httpx.codes.OK <= answer.status_code < httpx.codes.BAD_REQUEST
    wanted: int | str = (probe.get("tcpSocket") or probe["grpc"])["port"]
    _, writer = await asyncio.open_connection(LOOPBACK, int(ports.get(wanted, wanted)))
    writer.close()
    return True
