"""Commands that look at jobs or hold them back, against a real store."""

import asyncio

import pytest
from typer.testing import CliRunner, Result

from bot.__main__ import main
from bot.adapters.redis_connection import open_redis
from bot.adapters.redis_jobs import RedisJobs
from tests.builders import a_job, a_person, a_system_request


def run(redis_url: str, *words: str) -> Result:
    env = {"REDIS_URL": redis_url, "IDP_ENV_FILE": "", "COLUMNS": "200"}
    return CliRunner(env=env).invoke(main, list(words))


def store(redis_url: str, **changes: object) -> None:
    async def create() -> None:
        async with open_redis(redis_url) as redis:
            await RedisJobs(redis, owner="tests").create(a_job(**changes))

    asyncio.run(create())


def test_a_freeze_is_begun_looked_at_and_ended(redis_url: str) -> None:
    store(redis_url)

    begun = run(redis_url, "freeze", "--reason", "The cluster is being moved")
    looked = run(redis_url, "freeze")
    ended = run(redis_url, "freeze", "--end")

    for told in (begun.output, looked.output):
        assert "The cluster is being moved." in told
        assert "Jobs under way: 1" in told
    assert "New requests are taken." in ended.output


def test_a_reason_and_an_end_at_once_are_refused(redis_url: str) -> None:
    assert run(redis_url, "freeze", "--end", "--reason", "Why not").exit_code == 2


@pytest.mark.parametrize("name", ["[/] [bold]Hello", "[link=https://evil.example]Shop[/link]"])
def test_what_people_typed_is_shown_as_they_typed_it(redis_url: str, name: str) -> None:
    requester = a_person("ada").model_copy(update={"name": name})
    store(redis_url, request=a_system_request(name=name, requester=requester))

    listed, shown = run(redis_url, "jobs"), run(redis_url, "jobs", "job00001")

    assert (listed.exit_code, shown.exit_code) == (0, 0)
    assert listed.output.count(name) == 2
    assert name in shown.output
