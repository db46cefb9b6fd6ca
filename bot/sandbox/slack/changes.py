"""Tell open pages what has changed."""

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["message", "gone", "modal", "home", "sidebar"]


@dataclass(frozen=True, slots=True)
class Change:
    """Something that some pages have to draw again."""

    kind: Kind
    user: str = ""  # whose page; everybody's where it is empty
    channel: str = ""
    ts: str = ""
    thread_ts: str = ""


class Changes:
    """Hands each change to every page that is open."""

    def __init__(self) -> None:
        """Start with no page open."""
        self._pages: set[asyncio.Queue[Change | None]] = set()
        self.told = 0  # a page that was drawn at another number has missed something

    def tell(self, change: Change) -> None:
        """Hand a change on."""
        self.told += 1
        for page in self._pages:
            page.put_nowait(change)

    @contextlib.contextmanager
    def followed(self) -> Iterator[asyncio.Queue[Change | None]]:
        """Lend a queue of changes; None in it says that the workspace closes."""
        page: asyncio.Queue[Change | None] = asyncio.Queue()
        self._pages.add(page)
        try:
            yield page
        finally:
            self._pages.discard(page)

    def close(self) -> None:
        """Send all pages away."""
        for page in self._pages:
            page.put_nowait(None)
