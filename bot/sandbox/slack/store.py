"""Keep the workspace's documents in one SQLite file that a killed process cannot damage."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Store:
    """JSON documents by kind and key; every write is durable against the end of the process."""

    def __init__(self, file: Path) -> None:
        """Open the file, or make it."""
        self._database = sqlite3.connect(file, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS documents"
            " (kind TEXT, key TEXT, body TEXT, PRIMARY KEY (kind, key))"
        )

    def put(self, kind: str, key: str, body: Any) -> None:
        """Write a document whole."""
        self._database.execute(
            "INSERT OR REPLACE INTO documents VALUES (?, ?, ?)", (kind, key, json.dumps(body))
        )

    def delete(self, kind: str, key: str) -> None:
        """Forget a document, if it is there."""
        self._database.execute("DELETE FROM documents WHERE kind = ? AND key = ?", (kind, key))

    def every(self, kind: str) -> Iterator[tuple[str, Any]]:
        """Yield key and document of all of a kind, in the order of their keys."""
        rows = self._database.execute(
            "SELECT key, body FROM documents WHERE kind = ? ORDER BY key", (kind,)
        )
        for key, body in rows:
            yield key, json.loads(body)

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()
