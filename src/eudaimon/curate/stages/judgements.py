"""What judges have said, on record: JSON Lines in a folder, so that nothing is paid for twice."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from eudaimon.core.errors import BadRows
from eudaimon.core.identity import short_hash
from eudaimon.curate.stages.excerpt import Excerpt
from eudaimon.curate.stages.verdict import Outcome, Verdict


@dataclass(frozen=True)
class Asked:
    """An excerpt to be judged, whence it comes, and the probability in (0, 1] with which it was chosen.

    ``group`` is what labelled text is split by: the hash of the document's text.
    """

    excerpt: Excerpt
    source: str = ""
    group: str = ""
    chance: float = 1.0


@dataclass(frozen=True)
class Judgement:
    """One line of the record: what was asked of which judge, told what, and the verdict."""

    key: str
    judge: str
    rubric: str
    asked: Asked
    verdict: Verdict = field(compare=False)


class Judgements:
    """The record in a folder, or in memory alone where there is none: verdicts by key.

    Each process appends to a file of its own, a whole line at a time; the end of a line that a killed process
    was writing is passed over. Verdicts ``labelled`` and ``refused`` are kept, others would be worth a retry.
    """

    def __init__(self, folder: str | Path | None) -> None:
        self._folder = Path(folder) if folder else None
        self._lock = Lock()
        self._file: int | None = None
        self._known = {entry.key: entry.verdict for entry in read_judgements(folder)} if folder else {}

    def get(self, key: str) -> Verdict | None:
        """The verdict on record under a key."""
        return self._known.get(key)

    def add(self, judgement: Judgement) -> None:
        """Keep a verdict; it is in the file when this returns. Safe from several threads."""
        if judgement.verdict.outcome not in ("labelled", "refused"):
            return
        row = asdict(judgement)
        del row["verdict"]["remembered"]
        line = (json.dumps(row, sort_keys=True, ensure_ascii=True) + "\n").encode("ascii")
        with self._lock:
            self._known[judgement.key] = judgement.verdict
            if self._folder is not None:
                if self._file is None:
                    self._folder.mkdir(parents=True, exist_ok=True)
                    path = self._folder / f"{os.getpid()}-{secrets.token_hex(6)}.jsonl"
                    self._file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND, 0o666)
                os.write(self._file, line)

    def close(self) -> None:
        """Close the file; what is added later goes into a new one."""
        with self._lock:
            if self._file is not None:
                os.close(self._file)
                self._file = None


def judgement_key(judge: str, rubric: str, item: Excerpt) -> str:
    """What a verdict is on record under: the same judge told the same of the same text in its context."""
    return short_hash([judge, rubric, item.hash])


def read_judgements(folder: str | Path) -> Iterator[Judgement]:
    """All judgements of a folder, file by file in the order of names; of equal keys the first counts.

    A line that a killed process left unfinished at the end of a file is passed over. Raises `BadRows`, with
    file and line, on any other that is no judgement. A folder that is not there has none.
    """
    seen: set[str] = set()
    for path in sorted(Path(folder).glob("*.jsonl")):
        content = path.read_bytes()
        lines = content.split(b"\n")
        # What follows the last newline is nothing, or was cut off.
        for number, line in enumerate(lines[:-1], start=1):
            try:
                entry = _judgement(json.loads(line))
            except (ValueError, KeyError, TypeError) as error:
                raise BadRows(
                    f"{path}, line {number} is no judgement: {error}", right="a record of `curate score`"
                ) from error
            if entry.key not in seen:
                seen.add(entry.key)
                yield entry


def _judgement(row: dict[str, Any]) -> Judgement:
    asked = row["asked"]
    outcome: Outcome = row["verdict"]["outcome"]
    return Judgement(
        row["key"],
        row["judge"],
        row["rubric"],
        Asked(Excerpt(**asked["excerpt"]), asked["source"], asked["group"], float(asked["chance"])),
        Verdict(**{**row["verdict"], "outcome": outcome, "remembered": True}),
    )
