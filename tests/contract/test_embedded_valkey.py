"""The embedded server: one for a state folder, whatever happens to the processes that use it."""

import asyncio
import os
import signal
import stat
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import redis.asyncio
from redis.exceptions import AuthenticationError
from redis.exceptions import ConnectionError as RedisConnectionError

from bot.adapters.embedded_valkey import embedded_valkey
from bot.domain.errors import PermanentError

_HOLD = """
import asyncio, sys
from pathlib import Path
from bot.adapters.embedded_valkey import embedded_valkey

async def hold():
    async with embedded_valkey(Path(sys.argv[1])) as url:
        print(url, flush=True)
        await asyncio.to_thread(sys.stdin.read)

asyncio.run(hold())
"""


async def _set(url: str, key: str, value: str) -> None:
    async with redis.asyncio.Redis.from_url(url) as client:
        await client.set(key, value)


async def _get(url: str, key: str) -> str | None:
    async with redis.asyncio.Redis.from_url(url) as client:
        value = await client.get(key)
        return value.decode() if isinstance(value, bytes) else value


async def _config(url: str, name: str) -> str:
    async with redis.asyncio.Redis.from_url(url, decode_responses=True) as client:
        return str((await client.config_get(name))[name])


async def _pid(url: str) -> int:
    async with redis.asyncio.Redis.from_url(url) as client:
        return int((await client.info("server"))["process_id"])


async def _is_gone(url: str) -> bool:
    try:
        await _get(url, "anything")
    except RedisConnectionError:
        return True
    return False


def _starts(state_dir: Path) -> int:
    return (state_dir / "valkey/valkey.log").read_text().count("Valkey is starting")


def _modes_of_files_with(text: str, folder: Path) -> set[int]:
    files = [file for file in folder.rglob("*") if file.is_file()]
    return {stat.S_IMODE(f.stat().st_mode) for f in files if text in f.read_text("latin-1")}


async def _holder(state_dir: Path) -> tuple[asyncio.subprocess.Process, str]:
    holder = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _HOLD,
        state_dir,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert holder.stdout
    return holder, (await holder.stdout.readline()).decode().strip()


async def test_what_was_written_is_there_after_a_stop_and_a_start_at_the_same_address(
    tmp_path: Path,
) -> None:
    async with embedded_valkey(tmp_path) as before:
        await _set(before, "job", "42")
    assert await _is_gone(before)
    async with embedded_valkey(tmp_path) as after:
        assert await _get(after, "job") == "42"
    assert after == before


async def test_it_appends_to_a_file_and_never_evicts(tmp_path: Path) -> None:
    async with embedded_valkey(tmp_path) as url:
        assert await _config(url, "appendonly") == "yes"
        assert await _config(url, "appendfsync") == "everysec"
        assert await _config(url, "maxmemory-policy") == "noeviction"
        assert await _config(url, "bind") == "127.0.0.1"


async def test_nobody_gets_in_without_the_password_which_only_its_user_can_read(
    tmp_path: Path,
) -> None:
    async with embedded_valkey(tmp_path) as url:
        without = "redis://" + url.partition("@")[2]
        with pytest.raises(AuthenticationError):
            await _get(without, "job")
        password = url.partition("@")[0].rpartition(":")[2]
        assert _modes_of_files_with(password, tmp_path) == {0o600}


async def test_a_second_process_uses_the_same_server_and_the_last_one_stops_it(
    tmp_path: Path,
) -> None:
    holder, url = await _holder(tmp_path)
    async with AsyncExitStack() as stack:
        assert await stack.enter_async_context(embedded_valkey(tmp_path)) == url
        await holder.communicate(b"")
        await _set(url, "still", "there")
    assert await _is_gone(url)


async def test_a_server_whose_process_was_killed_is_found_again_with_everything_in_it(
    tmp_path: Path,
) -> None:
    holder, url = await _holder(tmp_path)
    await _set(url, "job", "42")
    server = await _pid(url)
    holder.kill()
    await holder.communicate()
    async with embedded_valkey(tmp_path) as again:
        assert again == url
        assert await _get(again, "job") == "42"
        assert await _pid(again) == server
    assert await _is_gone(url)
    assert _starts(tmp_path) == 1


async def test_an_interrupt_from_the_terminal_does_not_reach_the_server(tmp_path: Path) -> None:
    async with embedded_valkey(tmp_path) as url:
        assert os.getpgid(await _pid(url)) != os.getpgid(0)


async def test_a_killed_server_comes_back_with_what_it_had_written(tmp_path: Path) -> None:
    async with embedded_valkey(tmp_path) as url:
        async with redis.asyncio.Redis.from_url(url) as client:
            await client.set("job", "42")
            await client.waitaof(1, 0, 5000)
        os.kill(await _pid(url), signal.SIGKILL)
    async with embedded_valkey(tmp_path) as again:
        assert await _get(again, "job") == "42"


async def test_many_processes_at_once_share_one_server(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        entered = (stack.enter_async_context(embedded_valkey(tmp_path)) for _ in range(8))
        urls = await asyncio.gather(*entered)
        assert len(set(urls)) == 1
        assert len({await _pid(url) for url in urls}) == 1
    assert _starts(tmp_path) == 1


async def test_it_moves_to_another_port_when_somebody_took_the_one_it_had(tmp_path: Path) -> None:
    async with embedded_valkey(tmp_path) as before:
        await _set(before, "job", "42")
    port = int(before.rpartition(":")[2].partition("/")[0])
    squatter = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", port)
    async with squatter, embedded_valkey(tmp_path) as after:
        assert await _get(after, "job") == "42"
    assert after != before


async def test_a_port_that_is_asked_for_and_taken_is_named(tmp_path: Path) -> None:
    squatter = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = squatter.sockets[0].getsockname()[1]
    async with squatter:
        with pytest.raises(PermanentError, match=f"Free port {port}"):
            async with embedded_valkey(tmp_path, port):
                pass
