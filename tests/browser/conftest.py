"""Where the pictures of the pages go."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Page

KEPT = Path("artifacts/browser")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--pictures", type=Path, help="also write the pictures of the documentation to this folder"
    )


@dataclass(frozen=True)
class Album:
    """The pictures that are taken while a story is played, in their order."""

    documentation: Path | None

    async def keep(self, page: Page, name: str, *, is_shown: bool = False) -> None:
        """Take a picture; one that the documentation shows goes there too when that is asked for."""
        picture = await page.screenshot(path=KEPT / f"{name}.png", animations="disabled")
        if is_shown and self.documentation:
            self.documentation.mkdir(parents=True, exist_ok=True)
            (self.documentation / f"{name}.png").write_bytes(picture)


@pytest.fixture
def album(pytestconfig: pytest.Config) -> Album:
    return Album(pytestconfig.getoption("--pictures", None))
