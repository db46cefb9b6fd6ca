"""A catalog that is killed at any moment goes on with what it knew."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.contract.catalog_client import component
from tests.contract.fake_gitlab import TOKEN, FakeGitLab, fake_gitlab
from tests.plain_http import NO_CERTIFICATES

PROGRAM = """
import asyncio, json, sys
from pathlib import Path
from bot.sandbox import catalog

async def main():
    async with catalog.serve(
        port=0, state_dir=Path(sys.argv[1]), gitlab_url=sys.argv[2], gitlab_token=sys.argv[3], interval=0.2
    ) as served:
        print(json.dumps({"url": served.url, "token": served.token}), flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""
COUNT = 12


class Killable:
    """The catalog as a process of its own."""

    def __init__(self, state: Path, gitlab: FakeGitLab) -> None:
        self._arguments = (str(state), gitlab.url, TOKEN)

    async def __aenter__(self) -> httpx.AsyncClient:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", PROGRAM, *self._arguments, stdout=asyncio.subprocess.PIPE
        )
        assert self._process.stdout
        served: dict[str, Any] = json.loads(await self._process.stdout.readline())
        self._client = httpx.AsyncClient(
            base_url=f"{served['url']}/api/catalog",
            headers={"Authorization": f"Bearer {served['token']}"},
            verify=NO_CERTIFICATES,
        )
        return self._client

    async def __aexit__(self, *_: object) -> None:
        self._process.kill()
        await self._process.wait()
        await self._client.aclose()


async def _components(http: httpx.AsyncClient) -> int:
    answer = await http.get("/entities/by-query?filter=kind=component&limit=0")
    total: int = answer.json()["totalItems"]
    return total


@pytest.mark.parametrize("wait", [0.0, 0.05])
async def test_nothing_that_was_accepted_is_lost_or_doubled(tmp_path: Path, wait: float) -> None:
    async with fake_gitlab() as gitlab:
        gitlab.files = {f"{n}.yaml": component(f"app-{n}") for n in range(COUNT)}
        locations = [{"type": "url", "target": gitlab.page(path)} for path in gitlab.files]

        async with Killable(tmp_path, gitlab) as http:
            answers = await asyncio.gather(*(http.post("/locations", json=it) for it in locations))
            assert {answer.status_code for answer in answers} == {201}
            await asyncio.sleep(wait)

        async with Killable(tmp_path, gitlab) as http:
            async with asyncio.timeout(10):
                while await _components(http) < COUNT:  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.02)
            assert len((await http.get("/locations")).json()) == COUNT
            again = await http.post("/locations", json=locations[0])
            assert again.status_code == 409
