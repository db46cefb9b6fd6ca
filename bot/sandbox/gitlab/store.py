"""The records in one SQLite file: read from memory, written through, never half of a change."""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Generic, TypeVar

from bot.sandbox.gitlab import model

R = TypeVar("R", bound=model.Record)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS records (kind TEXT, id INTEGER, body TEXT, PRIMARY KEY (kind, id));
CREATE TABLE IF NOT EXISTS sequences (kind TEXT PRIMARY KEY, last INTEGER);
CREATE TABLE IF NOT EXISTS creations (kind TEXT, path TEXT, times INTEGER, PRIMARY KEY (kind, path));
"""


class Table(Generic[R]):
    """All records of one kind. Ids are never used twice, also after a deletion."""

    def __init__(self, connection: sqlite3.Connection, kind: type[R]) -> None:
        self._connection = connection
        self._kind = kind.__name__
        rows = connection.execute(
            "SELECT id, body FROM records WHERE kind = ? ORDER BY id", (self._kind,)
        )
        self._records = {number: kind.model_validate_json(body) for number, body in rows}

    def get(self, number: int | None) -> R | None:
        """The record with this id, if there is one."""
        return self._records.get(number) if number is not None else None

    def __getitem__(self, number: int) -> R:
        return self._records[number]

    def where(self, wanted: Callable[[R], bool] = lambda _: True) -> list[R]:
        """The records wanted, oldest first."""
        return [record for record in self._records.values() if wanted(record)]

    def first(self, wanted: Callable[[R], bool]) -> R | None:
        """The oldest record wanted."""
        return next((record for record in self._records.values() if wanted(record)), None)

    def add(self, make: Callable[[int], R]) -> R:
        """Store what `make` builds with the next id."""
        return self.put(make(self._next_id()))

    def put(self, record: R) -> R:
        """Store a record in place of the one with its id."""
        self._connection.execute(
            "INSERT OR REPLACE INTO records VALUES (?, ?, ?)",
            (self._kind, record.id, record.model_dump_json()),
        )
        self._records[record.id] = record
        return record

    def change(self, number: int, **changes: object) -> R:
        """Store the record with some fields changed; the new values are validated by their maker."""
        return self.put(self._records[number].model_copy(update=changes))

    def remove(self, number: int) -> None:
        """Forget a record."""
        self._connection.execute(
            "DELETE FROM records WHERE kind = ? AND id = ?", (self._kind, number)
        )
        self._records.pop(number, None)

    def remove_where(self, unwanted: Callable[[R], bool]) -> None:
        """Forget all records that match."""
        for record in self.where(unwanted):
            self.remove(record.id)

    def _next_id(self) -> int:
        row = self._connection.execute(
            "INSERT INTO sequences VALUES (?, 1) ON CONFLICT (kind) DO UPDATE SET last = last + 1"
            " RETURNING last",
            (self._kind,),
        ).fetchone()
        return int(row[0])


class Store:
    """Every table, and what has been created how often.

    It belongs to the event loop's thread. Write-ahead logging keeps it whole when the process is killed.
    """

    def __init__(self, file: Path) -> None:
        self._connection = sqlite3.connect(file, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(_SCHEMA)
        self._depth = 0
        self.settings = Table(self._connection, model.Settings)
        self.users = Table(self._connection, model.User)
        self.namespaces = Table(self._connection, model.Namespace)
        self.members = Table(self._connection, model.Member)
        self.projects = Table(self._connection, model.Project)
        self.tokens = Table(self._connection, model.Token)
        self.variables = Table(self._connection, model.Variable)
        self.protected_branches = Table(self._connection, model.ProtectedBranch)
        self.hooks = Table(self._connection, model.Hook)
        self.deliveries = Table(self._connection, model.Delivery)
        self.pipelines = Table(self._connection, model.Pipeline)
        self.jobs = Table(self._connection, model.Job)
        self.statuses = Table(self._connection, model.CommitStatus)
        self.environments = Table(self._connection, model.Environment)
        self.deployments = Table(self._connection, model.Deployment)
        self.merge_requests = Table(self._connection, model.MergeRequest)
        self.notes = Table(self._connection, model.Note)
        self.image_repositories = Table(self._connection, model.ImageRepository)
        self.image_tags = Table(self._connection, model.ImageTag)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Write all of a change or nothing of it, should the process be killed half way."""
        if self._depth == 0:
            self._connection.execute("BEGIN IMMEDIATE")
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            if self._depth == 0:
                self._connection.execute("COMMIT")

    def count_creation(self, kind: str, path: str) -> None:
        """Remember that a request made something, for the tests that look for doubles."""
        self._connection.execute(
            "INSERT INTO creations VALUES (?, ?, 1)"
            " ON CONFLICT (kind, path) DO UPDATE SET times = times + 1",
            (kind, path),
        )

    def creations(self) -> dict[str, dict[str, int]]:
        """How often each kind of thing was created, by its path."""
        counts: dict[str, dict[str, int]] = {}
        for kind, path, times in self._connection.execute(
            "SELECT kind, path, times FROM creations ORDER BY kind, path"
        ):
            counts.setdefault(kind, {})[path] = times
        return counts

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
