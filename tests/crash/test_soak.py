"""The short form of `make soak`: a dozen jobs whose workers are struck again and again, while GitLab is gone for a while."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.boxed import Json
from tests.crash import stage
from tests.crash.soak import LONGEST_SILENCE, SHORT, Result, soak

pytestmark = [pytest.mark.timeout(240)]


@pytest.fixture(scope="module", name="result")
def _result(box: Json, valkey: str, tmp_path_factory: pytest.TempPathFactory) -> Result:
    return asyncio.run(_soaked(box, valkey, tmp_path_factory.mktemp("soak")))


async def _soaked(box: Json, valkey: str, folder: Path) -> Result:
    async with stage.set_up(box, valkey, folder) as opened, opened.opened("soak", 0) as case:
        return await soak(case, SHORT)


def test_workers_were_struck_and_gitlab_was_missed(result: Result) -> None:
    assert result.kills > 2
    assert result.resumed
    assert result.retried


def test_every_job_is_done(result: Result) -> None:
    assert result.ended == {"done": result.jobs}


def test_everything_that_was_asked_for_exists_once_and_was_said_once(result: Result) -> None:
    assert (result.doubles, result.missing, result.gaps) == (0, 0, 0)


def test_no_job_that_could_go_on_was_silent_for_long(result: Result) -> None:
    assert result.silence < LONGEST_SILENCE


def test_the_result_is_shown(
    result: Result, record_property: Callable[[str, object], None]
) -> None:
    record_property("table", result.drawn())
    assert result.is_good
