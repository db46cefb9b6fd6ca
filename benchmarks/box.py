"""`python -m benchmarks box`: what the demo costs: its start, one new application, and doing nothing."""

import asyncio
import os
import ssl
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from tests import demo as demos
from tests.colleague import Colleague
from tests.demo import Demo
from tests.plain_http import NO_CERTIFICATES

IDLE_SECONDS = 60
LONGEST_SECONDS = 120
HOST = "bench.localhost"
TICKS = os.sysconf("SC_CLK_TCK")
REQUEST = {
    "name": "Bench",
    "system": "system:default/checkout",
    "description": "Shows what a new application costs.",
    "hostname": "bench",
    "owner": "group:default/payments",
    "visibility": "internal",
}


async def main() -> None:
    rows: list[tuple[str, str, str]] = []
    with tempfile.TemporaryDirectory() as folder:
        state, port = Path(folder), demos.free_ports()
        begun = time.perf_counter()
        with demos.a_demo(state, port=port) as demo:
            rows.append(_start("first start", demo, state, time.perf_counter() - begun))
            rows.append(await _idle("idle, without an application", demo, state))
            rows += await _new_app(demo, state)
            rows.append(await _idle("idle, with one application", demo, state))
        begun = time.perf_counter()
        with demos.a_demo(state, port=port) as demo:
            rows.append(_start("next start", demo, state, time.perf_counter() - begun))
    table = Table("What", "Result", "Of which", title="The box with its bot")
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def _start(name: str, demo: Demo, state: Path, seconds: float) -> tuple[str, str, str]:
    spent = sum(_spent(_processes(demo, state)).values())
    return name, f"{seconds:.1f} s", f"{spent:.1f} s of CPU"


async def _idle(name: str, demo: Demo, state: Path) -> tuple[str, str, str]:
    """The share of one core and the memory of every process of the demo."""
    await asyncio.sleep(5)
    before, processes = _spent(_processes(demo, state)), _processes(demo, state)
    await asyncio.sleep(IDLE_SECONDS)
    after = _spent(processes)
    # A process that ended meanwhile is counted by the one that waited for it.
    shares = {pid: 100 * (after[pid] - before.get(pid, 0)) / IDLE_SECONDS for pid in after}
    memory = {pid: _memory(pid) for pid in after}
    parts = ", ".join(f"{_called(pid)} {shares[pid]:.1f} % {memory[pid]:.0f} MB" for pid in after)
    return name, f"{sum(shares.values()):.1f} % of a core, {sum(memory.values()):.0f} MB", parts


async def _new_app(demo: Demo, state: Path) -> list[tuple[str, str, str]]:
    told = demo.told
    async with httpx.AsyncClient(base_url=told["page"], timeout=20, verify=NO_CERTIFICATES) as http:
        ada = Colleague(http, "U0ADA")
        form = await ada.open_form("/idp new-app")
        before, begun = sum(_spent(_processes(demo, state)).values()), time.perf_counter()
        answer = await ada.submit(form, REQUEST)
        if not answer["ok"]:
            raise SystemExit(str(answer))
        await _live(told["gateway"])
        seconds = time.perf_counter() - begun
        spent = sum(_spent(_processes(demo, state)).values()) - before
        jobs = await _jobs(told["gitlab"])
    own = sum(took for name, took in jobs.items() if name in {"lint", "test"})
    share = ", ".join(f"{name} {took:.1f} s" for name, took in jobs.items())
    return [
        ("new-app, from submit to a live address", f"{seconds:.1f} s", f"{spent:.1f} s of CPU"),
        ("its pipeline", f"{sum(jobs.values()):.1f} s", share),
        ("lint and tests of all that", f"{100 * own / seconds:.0f} %", ""),
    ]


async def _live(gateway: dict[str, str]) -> None:
    trust = ssl.create_default_context(cafile=gateway["ca"])
    port = gateway["https"].rsplit(":", maxsplit=1)[1]
    async with httpx.AsyncClient(verify=trust) as visitor, asyncio.timeout(LONGEST_SECONDS):
        while True:
            answer = await visitor.get(
                f"https://127.0.0.1:{port}/",
                headers={"Host": HOST},
                extensions={"sni_hostname": HOST},
            )
            if answer.status_code == httpx.codes.OK:
                return
            await asyncio.sleep(0.05)


async def _jobs(gitlab: dict[str, Any]) -> dict[str, float]:
    """How long each job of the new application's pipeline took."""
    async with httpx.AsyncClient(
        base_url=f"{gitlab['url']}/api/v4",
        headers={"PRIVATE-TOKEN": gitlab["token"]},
        verify=NO_CERTIFICATES,
    ) as api:
        found = (await api.get("/projects/idp%2Fpayments%2Fcheckout-bench/jobs")).json()
    return {job["name"]: job["duration"] or 0.0 for job in reversed(found)}


def _processes(demo: Demo, state: Path) -> set[int]:
    """Everything that the demo has started; its Valkey has gone into the background and left a note of its number."""
    return demo.started() | {int((state / "valkey" / "valkey.pid").read_text())}


def _spent(processes: Iterable[int]) -> dict[int, float]:
    """Seconds of CPU of each process, with those of its ended children."""
    found = {}
    for pid in processes:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except FileNotFoundError:
            continue
        found[pid] = sum(int(field) for field in fields[11:15]) / TICKS
    return found


def _memory(pid: int) -> float:
    """Megabytes of a process, where what it shares with others counts in part."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1000


def _called(pid: int) -> str:
    words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    return next((word for word in words[1:] if word in {"demo", "run"}), Path(words[0]).name)
