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
from eudaimon.study.folder import open_study
from eudaimon.study.graph import Graph
from eudaimon.study.manifest import MANIFEST
from eudaimon.study.records import StudyRecord

SUMMARY, STUDY, DEFINITIONS = "summary.json", "study.json", "definitions.json"
DONE = f"steps/[!.]*/{MANIFEST}"
FILES: dict[Kind, tuple[str, type[BaseModel]]] = {
    "evaluation": ("evaluation.json", EvaluationRecord),
    "battery": ("record.json", BatteryRecord),
    "card": ("card.json", CardRecord),
}


@dataclass(frozen=True)
class Progress:
    """How far a study is: finished steps of all that its options ask for, and those since its report."""

    n_done: int
    n_steps: int
    n_since: int


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


def steps_of(found: Found) -> frozenset[str]:
    """The keys of all steps of a study under its last options; raises `BadRows` where these are gone.

    Of a design that is not known here, all steps that were ever planned in the folder.
    """
    path = found.path / STUDY
    try:
        study, options = open_study(found.path)
        return frozenset(Graph(study.targets(options)).steps)
    except UsageError:
        pass  # a design of another version, or of somebody's own
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _broken(path, error) from error
    try:
        return frozenset(read_json(found.path / DEFINITIONS))
    except (OSError, ValueError, TypeError) as error:
        raise _broken(found.path / DEFINITIONS, error) from error


def progress_of(found: Found, steps: frozenset[str]) -> Progress:
    """How far a study is with these steps, from its folder alone."""
    finished = {path.parent.name: path.stat().st_mtime for path in found.path.glob(DONE)}
    done = [when for key, when in finished.items() if key in steps]
    summary = found.path / SUMMARY
    reported = summary.stat().st_mtime if summary.is_file() else None
    since = sum(when > reported for when in done) if reported is not None else 0
    return Progress(len(done), len(steps), since)


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
