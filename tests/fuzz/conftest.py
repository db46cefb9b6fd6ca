"""Says how many examples were tried, which is the point of `make fuzz`."""

import asyncio
import itertools
from collections.abc import Callable, Iterator

import pytest

EXAMPLES = "examples"


@pytest.fixture(scope="module", name="loop")
def _loop() -> Iterator[asyncio.Runner]:
    """One event loop for all examples, as their connections last."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def tried(record_property: Callable[[str, object], None]) -> Iterator[Callable[[], object]]:
    """To be called for each example."""
    count = itertools.count()
    yield lambda: next(count)
    record_property(EXAMPLES, next(count))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = itertools.chain.from_iterable(terminalreporter.stats.values())
    counts = {
        report.nodeid: number
        for report in reports
        for name, number in getattr(report, "user_properties", ())
        if name == EXAMPLES
    }
    terminalreporter.section("Examples")
    for test, number in sorted(counts.items()):
        terminalreporter.write_line(f"{number:>8} {test}")
