"""What the tests of the catalog's API start from: a catalog on an in-memory GitLab, and the calls of its clients."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from bot.sandbox import catalog
from tests.contract.fake_gitlab import TOKEN, FakeGitLab, fake_gitlab

INTERVAL = 0.15
PATIENCE = 30.0


def component(name: str, **spec: Any) -> str:
    """A component's file."""
    fields = {"type": "service", "lifecycle": "experimental", "owner": "group:default/payments"}
    lines = "\n".join(f"  {key}: {value}" for key, value in (fields | spec).items())
    return (
        "apiVersion: backstage.io/v1alpha1\nkind: Component\n"
        f"metadata:\n  name: {name}\nspec:\n{lines}\n"
    )


@dataclass
class Client:
    """Calls the API with the token; `gitlab` is what the catalog reads."""

    http: httpx.AsyncClient
    gitlab: FakeGitLab
    page: str

    async def register(self, path: str, **params: str) -> httpx.Response:
        location = {"type": "url", "target": self.gitlab.page(path)}
        return await self.http.post("/locations", json=location, params=params)

    async def entity(self, ref: str) -> dict[str, Any] | None:
        answer = await self.http.post("/entities/by-refs", json={"entityRefs": [ref]})
        found: dict[str, Any] | None = answer.json()["items"][0]
        return found

    async def eventually(
        self, ref: str, until: Callable[[dict[str, Any] | None], bool] = bool
    ) -> dict[str, Any] | None:
        """The entity, once it is as wanted."""
        async with asyncio.timeout(PATIENCE):
            while not until(found := await self.entity(ref)):  # noqa: ASYNC110 - over the wire
                await asyncio.sleep(0.01)
        return found

    async def rounds(self, count: int = 3) -> None:
        """Let the catalog read all its files again a few times."""
        start = len(self.gitlab.calls)
        async with asyncio.timeout(PATIENCE):
            while len(self.gitlab.calls) < start + count:  # noqa: ASYNC110 - over the wire
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)

    async def names(self, **params: Any) -> list[str]:
        answer = await self.http.get("/entities/by-query", params=params)
        assert answer.status_code == 200, answer.text
        return [item["metadata"]["name"] for item in answer.json()["items"]]


@contextlib.asynccontextmanager
async def a_catalog(
    state: Path, gitlab: FakeGitLab, *, interval: float = INTERVAL
) -> AsyncIterator[Client]:
    async with (
        catalog.serve(
            port=0, state_dir=state, gitlab_url=gitlab.url, gitlab_token=TOKEN, interval=interval
        ) as served,
        httpx.AsyncClient(
            base_url=f"{served.url}/api/catalog",
            headers={"Authorization": f"Bearer {served.token}"},
            timeout=PATIENCE,
            trust_env=False,
            verify=False,  # noqa: S501 - plain HTTP; loading certificates would take longer than the test
        ) as http,
    ):
        yield Client(http, gitlab, served.url)


@contextlib.asynccontextmanager
async def a_catalog_on_files(state: Path, files: dict[str, str]) -> AsyncIterator[Client]:
    async with fake_gitlab() as gitlab:
        gitlab.files |= files
        async with a_catalog(state, gitlab) as client:
            yield client


def the_shipped_catalog() -> dict[str, str]:
    """The files that the catalog repository starts from."""
    root = Path(__file__).parents[2] / "catalog"
    return {str(path.relative_to(root)): path.read_text() for path in root.rglob("*.*")}
