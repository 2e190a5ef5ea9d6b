"""Verdicts kept in SQLite: who decided what, when, at which score; the text only as a keyed hash."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import sqlite3
from collections.abc import Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Full, Queue
from threading import Lock, Thread

from eudaimon.core import Text, UsageError

VERSION = "1"
MOST_WAITING = 10_000
BATCH = 256
TABLES = """
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS verdicts (
    number INTEGER PRIMARY KEY,
    request TEXT NOT NULL,
    time REAL NOT NULL,
    route TEXT NOT NULL,
    side TEXT NOT NULL,
    mode TEXT NOT NULL,
    flagged INTEGER NOT NULL,
    score REAL,
    threshold REAL,
    layer TEXT NOT NULL,
    category TEXT,
    model TEXT NOT NULL,
    monitor TEXT NOT NULL,
    finish TEXT NOT NULL,
    hash TEXT NOT NULL,
    n_characters INTEGER NOT NULL,
    text TEXT
);
CREATE INDEX IF NOT EXISTS of_request ON verdicts (request);
"""


@dataclass(frozen=True)
class Row:
    """One verdict; ``time`` in seconds of the epoch, ``text`` what was judged, kept if the audit log may."""

    request: str
    time: float
    route: str
    side: str
    mode: str
    flagged: bool
    score: float | None
    threshold: float | None
    layer: str
    category: str | None
    model: str
    monitor: str
    finish: str
    text: Text


class Audit:
    """An audit log in one file; a thread of its own writes what waits in one transaction.

    **Acknowledged** (the future of `write` has a result) means: committed to a write-ahead log with
    ``synchronous=FULL``, that is, handed to the disk. A process killed at any instant leaves every
    acknowledged row and no half row.

    The hash is HMAC-SHA256 under a key that is random for each file and lies in it. It finds a known text
    again and does not link texts between files, and no table made in advance helps; whoever has the file can
    still try out texts, so a short or guessable one is not hidden from him. With ``keep_text`` the text lies
    beside it.

    Raises `UsageError` where the file cannot be opened as an audit log.
    """

    def __init__(self, path: str | Path, *, keep_text: bool = False, required: bool = False) -> None:
        self.path = Path(path)
        self.required = required
        self._keep_text = keep_text
        self._database = _opened(self.path)
        self._key = bytes.fromhex(_about(self._database, "key"))
        self._waiting: Queue[tuple[Sequence[Row], Future[None]] | None] = Queue(MOST_WAITING)
        self._lock = Lock()
        self._closed = False
        self._thread = Thread(target=self._work, name="eudaimon-audit", daemon=True)
        self._thread.start()

    def write(self, rows: Sequence[Row]) -> Future[None]:
        """Done when all rows are committed; fails with the error of SQLite, or `OSError` when too many wait.

        Without rows it is a probe: something is written and thrown away.
        """
        done: Future[None] = Future()
        try:
            with self._lock:
                if self._closed:
                    raise OSError("the audit log is closed")
                self._waiting.put_nowait((rows, done))
        except (Full, OSError) as error:
            done.set_exception(OSError(f"the audit log does not keep up: {type(error).__name__}"))
        return done

    def hash(self, text: Text) -> str:
        """The keyed SHA-256 of a text or conversation, as 64 hexadecimal digits."""
        return hmac.new(self._key, canonical(text), hashlib.sha256).hexdigest()

    def close(self) -> None:
        """Write what waits and let go of the file; more than once is once."""
        with self._lock:
            closed, self._closed = self._closed, True
        if not closed:
            self._waiting.put(None)
            self._thread.join()
            self._database.close()

    def _work(self) -> None:
        while True:
            batch = [self._waiting.get()]
            with suppress(Empty):
                while len(batch) < BATCH:
                    batch.append(self._waiting.get_nowait())
            asked = [each for each in batch if each is not None]
            self._commit(asked)
            if len(asked) < len(batch):
                return

    def _commit(self, asked: Sequence[tuple[Sequence[Row], Future[None]]]) -> None:
        if not asked:
            return
        error: Exception | None = None
        try:
            with self._database:
                self._database.execute("BEGIN IMMEDIATE")
                # Also where nothing else is written: a full disk must show before the answer, not after it.
                self._database.execute("UPDATE about SET value = value + 1 WHERE name = 'commits'")
                for rows, _ in asked:
                    self._database.executemany(INSERT, [self._values(row) for row in rows])
        except Exception as failure:
            error = failure
        for _, done in asked:
            with suppress(InvalidStateError):  # nobody waits any more
                if error is None:
                    done.set_result(None)
                else:
                    done.set_exception(error)

    def _values(self, row: Row) -> tuple[object, ...]:
        text = canonical(row.text)
        return (
            row.request,
            row.time,
            row.route,
            row.side,
            row.mode,
            int(row.flagged),
            row.score,
            row.threshold,
            row.layer,
            row.category,
            row.model,
            row.monitor,
            row.finish,
            self.hash(row.text),
            len(row.text) if isinstance(row.text, str) else sum(len(turn.content) for turn in row.text),
            text.decode("utf-8", "replace") if self._keep_text else None,
        )


INSERT = (
    "INSERT INTO verdicts (request, time, route, side, mode, flagged, score, threshold, layer, category,"
    f" model, monitor, finish, hash, n_characters, text) VALUES ({', '.join('?' * 16)})"
)


def canonical(text: Text) -> bytes:
    """What is hashed: a plain string in UTF-8, a conversation as a JSON list of role and content."""
    if isinstance(text, str):
        return text.encode("utf-8", "surrogatepass")
    turns = [[turn.role, turn.content] for turn in text]
    return json.dumps(turns, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def _opened(path: Path) -> sqlite3.Connection:
    new = not path.exists()
    try:
        if new:
            path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        database = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.execute("BEGIN IMMEDIATE")
        for statement in TABLES.split(";"):
            database.execute(statement)
        about = {"version": VERSION, "key": secrets.token_hex(32), "commits": "0"}
        database.executemany("INSERT OR IGNORE INTO about VALUES (?, ?)", about.items())
        database.execute("COMMIT")
        version = _about(database, "version")
    except (sqlite3.Error, OSError) as error:
        raise UsageError(
            f"{path} cannot be opened as an audit log: {error}", right="a new file, or one that --audit wrote"
        ) from error
    if version != VERSION:
        raise UsageError(f"{path} is an audit log of version {version}", right=f"version {VERSION}")
    return database


def _about(database: sqlite3.Connection, name: str) -> str:
    (value,) = database.execute("SELECT value FROM about WHERE name = ?", (name,)).fetchone()
    return str(value)
