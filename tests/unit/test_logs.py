"""What the bot's log lines hold, and what they must not."""

import json
import logging
from collections.abc import Iterator
from typing import Literal

import pytest
import structlog

from bot.cli.console import log_to_stderr
from bot.domain.request import AppRequest
from bot.domain.value import Value
from bot.pipeline import attempt
from bot.pipeline.pipeline import Pipeline
from bot.pipeline.step import step
from tests.builders import a_job
from tests.world import World

CANARY = "glpat-canary"


class Nothing(Value):
    pass


@step("Break")
async def breaks(request: AppRequest) -> Nothing:
    raise KeyError(request.name)


BROKEN = Pipeline(kind="new-app", request=AppRequest, steps=(breaks,), approval_step="breaks")


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    yield
    root.handlers[:], root.level = before
    structlog.reset_defaults()


@pytest.mark.parametrize("form", ["console", "json"])
@pytest.mark.parametrize("logger", ["ours", "a library's"])
def test_a_trace_of_calls_shows_no_values(
    form: Literal["console", "json"], logger: str, capsys: pytest.CaptureFixture[str]
) -> None:
    log_to_stderr(form)
    try:
        _breaks(CANARY)
    except ValueError:
        if logger == "ours":
            structlog.get_logger().exception("it.broke")
        else:
            logging.getLogger("asyncio").exception("it.broke")

    said = capsys.readouterr().err
    assert "_breaks" in said
    assert "ValueError: nothing to see" in said
    assert CANARY not in said


def _breaks(token: str) -> None:
    raise ValueError("nothing to see")


async def test_every_line_about_a_step_names_job_and_step(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log_to_stderr("json")
    monkeypatch.setattr(
        attempt, "log", structlog.get_logger()
    )  # a logger remembers how it was set up
    world = World({"new-app": BROKEN})
    await world.jobs.create(a_job())

    await world.runner.advance("job00001")

    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    [broke] = [line for line in lines if line["event"] == "job.step_broke"]
    assert (broke["job"], broke["step"]) == ("job00001", "breaks")
    assert structlog.contextvars.get_contextvars() == {}
