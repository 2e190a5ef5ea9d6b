"""One audit on disk: ``sample.jsonl``, ``plan.json``, ``ratings.jsonl`` and ``findings.json`` in a folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from eudaimon.core.errors import BadRows, UsageError
from eudaimon.core.files import read_lines, write_json, write_jsonl
from eudaimon.curate.audit.draw import Sample
from eudaimon.curate.audit.records import AuditItem, AuditPlan, AuditRecord

Kind = TypeVar("Kind", bound=BaseModel)
PLAN, SAMPLE, RATINGS, FINDINGS = "plan.json", "sample.jsonl", "ratings.jsonl", "findings.json"


def has_sample(folder: str | Path) -> bool:
    """Whether a sample was written into the folder."""
    return (Path(folder) / PLAN).is_file()


def write_sample(folder: str | Path, sample: Sample) -> None:
    """Write a sample, the plan last; raises `UsageError` where another one, with its ratings, is there."""
    folder = Path(folder)
    if has_sample(folder) and read_sample(folder).plan != sample.plan:
        raise UsageError(f"{folder} holds another sample", right="a new folder, or the sample that is there")
    write_jsonl(folder / SAMPLE, (item.model_dump(mode="json") for item in sample.items))
    write_json(folder / PLAN, sample.plan.model_dump(mode="json"))


def read_sample(folder: str | Path) -> Sample:
    """The sample in a folder; raises `BadRows` where it is broken and `UsageError` where there is none."""
    folder = Path(folder)
    if not has_sample(folder):
        raise UsageError(
            f"{folder} holds no sample", do="eudaimon curate audit SCORES --out FOLDER, which draws one"
        )
    plan = _read(AuditPlan, (folder / PLAN).read_text(encoding="utf-8"), str(folder / PLAN))
    rows = read_lines(folder / SAMPLE)
    return Sample(plan, tuple(_read(AuditItem, line, f"{folder / SAMPLE}, line {n}") for n, line in rows))


def write_findings(folder: str | Path, record: AuditRecord) -> Path:
    """Write what the ratings say, and return the path."""
    return write_json(Path(folder) / FINDINGS, record.model_dump(mode="json"))


def read_findings(folder: str | Path) -> AuditRecord | None:
    """The findings in a folder, or None where nothing was rated yet; raises `BadRows` on a broken file."""
    path = Path(folder) / FINDINGS
    return _read(AuditRecord, path.read_text(encoding="utf-8"), str(path)) if path.is_file() else None


def _read(kind: type[Kind], text: str, where: str) -> Kind:
    try:
        return kind.model_validate(json.loads(text))
    except (ValidationError, ValueError) as error:
        what = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise BadRows(f"{where}: {what}", right="a file that `eudaimon curate audit` wrote") from error
