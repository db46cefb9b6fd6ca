"""All stories of this folder happen once, at the same time."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.boxed import Json
from tests.crash import stage
from tests.crash.platform import Platform, connected
from tests.crash.stage import Outcomes


@pytest.fixture(scope="session", name="outcomes")
def _outcomes(box: Json, valkey: str, tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    return asyncio.run(_all(box, valkey, tmp_path_factory.mktemp("crash")))


async def _all(box: Json, valkey: str, folder: Path) -> Outcomes:
    async with stage.set_up(box, valkey, folder) as opened:
        return await stage.everything(opened)


@pytest.fixture(name="platform")
async def _platform(box: Json) -> AsyncIterator[Platform]:
    async with connected(box) as platform:
        yield platform
