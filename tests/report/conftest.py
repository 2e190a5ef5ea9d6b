"""A synthetic evaluation in the shape of a real one, and the same one full of hostile strings."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from eudaimon.monitor import records as r

sys.path.append(str(Path(__file__).parent))
made = importlib.import_module("synthetic_record")


@pytest.fixture(scope="session")
def record() -> r.EvaluationRecord:
    return made.build()


@pytest.fixture(scope="session")
def hostile() -> r.EvaluationRecord:
    return made.build(made.HOSTILE)


@pytest.fixture(scope="session")
def bare(record: r.EvaluationRecord) -> r.EvaluationRecord:
    """The same evaluation with every optional part absent, and one baseline only measured in part."""
    kept = [m for m in record.measurements if m.scope == "all" and m.system in ("monitor", "length")]
    return record.model_copy(
        update={
            "audit": None,
            "pairs": (),
            "categories": (),
            "cascade": None,
            "tone_content": (),
            "stress": (),
            "dimensions": (),
            "notes": (),
            "sweep": (),
            "curves": (),
            "texts": (),
            "measurements": tuple(kept),
        }
    )


@pytest.fixture(scope="session")
def folder(record: r.EvaluationRecord, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the report of `record`."""
    from eudaimon.report import write_report

    path = tmp_path_factory.mktemp("report")
    write_report(record, path)
    return path
