"""The records that runs have left: read whole, or told why they cannot be read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from eudaimon.core.errors import BadRows, UsageError
from eudaimon.core.files import read_json
from eudaimon.curate.card.record import CardRecord
from eudaimon.dashboard.kinds import Kind
from eudaimon.dashboard.store import Found
from eudaimon.evaluate.battery.record import BatteryRecord
from eudaimon.monitor.records import EvaluationRecord
from eudaimon.study.records import StudyRecord

SUMMARY, STUDY, DEFINITIONS = "summary.json", "study.json", "definitions.json"
FILES: dict[Kind, tuple[str, type[BaseModel]]] = {
    "evaluation": ("evaluation.json", EvaluationRecord),
    "battery": ("record.json", BatteryRecord),
    "card": ("card.json", CardRecord),
}


@dataclass(frozen=True)
class Progress:
    """How far a study is: its design, its finished steps, all of them, and those since its report."""

    design: str
    n_done: int
    n_steps: int
    n_since: int

    @property
    def whole(self) -> bool:
        """Whether every step is finished."""
        return self.n_done >= self.n_steps > 0


def read_record(found: Found) -> EvaluationRecord | BatteryRecord | CardRecord:
    """The record in a folder of one; raises `BadRows` where it is none, or of another version."""
    name, kind = FILES[found.kind]
    return _parsed(kind, _text(found.path / name), found.path / name)  # type: ignore[return-value]


def study_records(found: Found) -> tuple[StudyRecord, ...]:
    """The records of a study, as its report has left them; none before there is a report.

    Raises `BadRows` where they cannot be read.
    """
    path = found.path / SUMMARY
    if not path.is_file():
        return ()
    try:
        studies: Any = read_json(path)["studies"]
        return tuple(StudyRecord.model_validate(one) for one in studies.values())
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _broken(path, error) from error


def progress_of(found: Found) -> Progress:
    """How far a study is, from its folder alone; raises `BadRows` where that does not say."""
    path = found.path / STUDY
    try:
        design = str(read_json(path)["study"])
        n_steps = len(read_json(found.path / DEFINITIONS)) if (found.path / DEFINITIONS).is_file() else 0
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _broken(path, error) from error
    done = [path.stat().st_mtime for path in (found.path / "steps").glob("[!.]*/step.json")]
    summary = found.path / SUMMARY
    reported = summary.stat().st_mtime if summary.is_file() else None
    since = sum(time > reported for time in done) if reported is not None else 0
    return Progress(design, len(done), max(n_steps, len(done)), since)


def _text(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from error


def _parsed(kind: type[BaseModel], text: bytes, path: Path) -> BaseModel:
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        raise _broken(path, error) from error


def _broken(path: Path, error: Exception) -> BadRows:
    first = error.errors()[0]["msg"] if isinstance(error, ValidationError) else repr(error)
    return BadRows(
        f"{path} is not what this version writes: {first}",
        right="a record of this version",
        do="draw it anew",
    )
