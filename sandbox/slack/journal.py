"""What survives a restart: small JSON documents in one SQLite file."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


class Journal:
    """A map of (kind, key) to a JSON document, written through on every change."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        # WAL with NORMAL survives the death of the process, which is what the sandbox promises.
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS documents (kind TEXT NOT NULL, key TEXT NOT NULL,"
            " body TEXT NOT NULL, PRIMARY KEY (kind, key))"
        )

    def put(self, kind: str, key: str, body: dict[str, Any]) -> None:
        """Store or replace one document."""
        self._db.execute(
            "INSERT INTO documents VALUES (?, ?, ?)"
            " ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body",
            (kind, key, json.dumps(body)),
        )

    def delete(self, kind: str, key: str) -> None:
        """Forget one document; missing is fine."""
        self._db.execute("DELETE FROM documents WHERE kind = ? AND key = ?", (kind, key))

    def load(self, kind: str) -> dict[str, dict[str, Any]]:
        """All documents of a kind by key, in key order."""
        rows = self._db.execute(
            "SELECT key, body FROM documents WHERE kind = ? ORDER BY key", (kind,)
        )
        return {key: json.loads(body) for key, body in rows}

    def clear(self) -> None:
        """Forget everything."""
        self._db.execute("DELETE FROM documents")

    def close(self) -> None:
        """Close the file; the journal cannot be used afterwards."""
        self._db.close()
