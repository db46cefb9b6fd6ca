"""What the systems around the bot say was done to them, and a gate at which GitLab holds a request."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx

from tests.boxed import Json
from tests.colleague import eventually
from tests.plain_http import NO_CERTIFICATES

USER_APPS = "idp/platform/user-apps"
CATALOG = "idp/platform/catalog"


@dataclass(frozen=True, slots=True)
class Platform:
    """Reads as an administrator does; writes nothing, but can stop GitLab.

    `gate` is for whoever has GitLab hold a request, which it does for one at a time; `quiet` is for that and for all
    who are about to commit, lest the gate shut on a commit that it was not meant for.
    """

    gitlab: httpx.AsyncClient
    catalog: httpx.AsyncClient
    slack: httpx.AsyncClient
    gate: asyncio.Lock = field(default_factory=asyncio.Lock)
    quiet: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def hold(self, method: str, path: str, *, when: str = "before") -> None:
        """Hold the next request that fits: before its effect, or after it, with the answer on its way."""
        wanted = {"method": method, "path_regex": path, "when": when}
        answer = await self.gitlab.post("/sandbox/gitlab/hold", json=wanted)
        answer.raise_for_status()

    async def held(self) -> None:
        """Wait until there is such a request."""

        async def look() -> bool:
            answer = await self.gitlab.get("/sandbox/gitlab/hold")
            return bool(answer.json()["held"])

        await eventually(look, 60)

    async def release(self) -> None:
        (await self.gitlab.post("/sandbox/gitlab/release")).raise_for_status()

    async def commits(self, project: str, file: str = "") -> list[str]:
        """The titles of all commits, or of those that touched a file."""
        asked = {"per_page": "100"} | ({"path": file} if file else {})
        commits = await self._api(project, "/repository/commits", **asked)
        return [commit["title"] for commit in commits]

    async def pipelines(self, project: str) -> int:
        return len(await self._api(project, "/pipelines"))

    async def push_tokens(self, project: str) -> int:
        """How many of the tokens that others push with are good."""
        return sum(token["active"] for token in await self._api(project, "/access_tokens"))

    async def webhooks(self, project: str) -> int:
        return len(await self._api(project, "/hooks"))

    async def project_id(self, project: str) -> int:
        found: Json = await self._api(project, "")
        return int(found["id"])

    async def projects_created(self, project: str) -> int:
        answer = await self.gitlab.get("/sandbox/gitlab/creations")
        return int(answer.json()["projects"].get(project, 0))

    async def registrations(self, name: str) -> int:
        """How often the catalog took in a location with this name in its path."""
        answer = await self.catalog.get("/sandbox/catalog/locations-created")
        return sum(name in target for target in answer.json()["targets"])

    async def notices(self) -> Mapping[str, Counter[str]]:
        """How often each notice was posted, by job."""
        said = (await self.slack.get("/sandbox/slack/messages")).json()
        found: dict[str, Counter[str]] = {}
        for message in said:
            if note := (message.get("metadata") or {}).get("event_payload"):
                found.setdefault(note["job"], Counter())[note["notice"]] += 1
        return found

    async def stop_gitlab(self, seconds: float) -> None:
        """Have GitLab stopped, and started again after that time."""
        await self._fault(kind="stopped-part", for_seconds=seconds)

    async def slow_gitlab_down(self, seconds: float) -> None:
        """Have each request to its API wait, so that there is time to die in the middle of a step."""
        await self._fault(kind="latency", path="^/api/", seconds=seconds)

    async def _fault(self, **wish: str | float) -> None:
        answer = await self.catalog.post("/sandbox/faults", json={"part": "gitlab", **wish})
        answer.raise_for_status()

    async def end_faults(self) -> None:
        (await self.catalog.delete("/sandbox/faults")).raise_for_status()

    async def gitlab_is_back(self) -> None:
        """Wait until it answers."""

        async def look() -> bool:
            with contextlib.suppress(httpx.TransportError):
                return (await self.gitlab.get("/api/v4/version")).is_success
            return False

        await eventually(look, 120)

    async def _api(self, project: str, below: str, /, **asked: str) -> Any:
        answer = await self.gitlab.get(
            f"/api/v4/projects/{quote(project, safe='')}{below}", params=asked
        )
        return answer.raise_for_status().json()


@contextlib.asynccontextmanager
async def connected(box: Json) -> AsyncIterator[Platform]:
    """Open the connections."""
    token = {"PRIVATE-TOKEN": box["gitlab"]["token"]}
    async with (
        httpx.AsyncClient(
            base_url=box["gitlab"]["url"], headers=token, timeout=30, verify=NO_CERTIFICATES
        ) as gitlab,
        httpx.AsyncClient(
            base_url=box["catalog"]["url"], timeout=30, verify=NO_CERTIFICATES
        ) as catalog,
        httpx.AsyncClient(base_url=box["page"], timeout=30, verify=NO_CERTIFICATES) as slack,
    ):
        yield Platform(gitlab, catalog, slack)
