"""The API server killed in the middle of its work: nothing that was answered is lost, and what had begun goes on."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from tests.contract.cluster_clients import CONFIG_MAPS, World, a_config_map, a_world, seeded, world

__all__ = ["seeded", "world"]

PROGRAM = """
import asyncio, sys
from pathlib import Path
from bot.sandbox.cluster.api import serve

async def main():
    async with serve(port=0, state_dir=Path(sys.argv[1])) as api:
        print(api.url, api.ca, api.admin_token, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@contextlib.asynccontextmanager
async def a_server_process(
    state: Path,
) -> AsyncIterator[tuple[asyncio.subprocess.Process, list[str]]]:
    """Run the server on its own, to be killed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        PROGRAM,
        str(state),
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    try:
        yield process, (await process.stdout.readline()).decode().split()
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_what_was_answered_survives_kill_9(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "killed"
    async with a_server_process(folder / "state") as (process, (url, ca, token)):
        program = (
            "import sys, ssl, httpx\n"
            "c = httpx.Client(verify=ssl.create_default_context(cafile=sys.argv[2]),"
            " headers={'authorization': 'Bearer ' + sys.argv[3]})\n"
            "for i in range(100000):\n"
            f"    r = c.post(sys.argv[1] + '{CONFIG_MAPS}', json={{'metadata': {{'name': f'c{{i}}'}}}})\n"
            "    assert r.status_code == 201\n"
            "    print(i, flush=True)\n"
        )
        writer = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            program,
            url,
            ca,
            token,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert writer.stdout is not None
        for _ in range(20):
            await writer.stdout.readline()
        process.kill()
        await process.wait()
        answered = 20 + len((await writer.stdout.read()).splitlines())
        await writer.wait()

    async with a_world(folder) as after:
        names = {
            item["metadata"]["name"] for item in (await after.http.get(CONFIG_MAPS)).json()["items"]
        }
    assert {f"c{number}" for number in range(answered)} <= names
    assert len(names) <= answered + 1


async def test_tokens_and_trust_stay_the_same_after_a_restart(tmp_path: Path) -> None:
    async with a_world(tmp_path) as before:
        trusted = before.api.ca.read_bytes()
    async with a_world(tmp_path) as after:
        assert after.api.ca.read_bytes() == trusted

    assert (before.api.admin_token, before.api.bot_token) == (
        after.api.admin_token,
        after.api.bot_token,
    )


async def test_a_namespace_that_was_ending_ends_after_a_restart(tmp_path: Path) -> None:
    path = "/api/v1/namespaces/n"
    async with a_world(tmp_path) as before:
        await before.create("/api/v1/namespaces", {"metadata": {"name": "n"}})
        held = a_config_map() | {"metadata": {"name": "c", "finalizers": ["example.com/wait"]}}
        await before.create(f"{path}/configmaps", held)
        await before.http.delete(path)

    async with a_world(tmp_path) as after:
        waiting = (await after.http.get(path)).json()
        await after.patch(f"{path}/configmaps/c", {"metadata": {"finalizers": None}})
        await after.gone(path)

    assert waiting["status"]["phase"] == "Terminating"


async def test_definitions_are_served_again_after_a_restart(tmp_path: Path) -> None:
    path = "/apis/argoproj.io/v1alpha1/namespaces/default/applications"
    spec = {"project": "default", "destination": {"namespace": "default"}}
    async with a_world(tmp_path) as before:
        await before.create(path, {"metadata": {"name": "a"}, "spec": spec})

    async with a_world(tmp_path) as after:
        assert (await after.http.get(f"{path}/a")).json()["spec"] == spec
