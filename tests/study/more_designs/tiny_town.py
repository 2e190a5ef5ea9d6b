"""A design for the tests."""

from __future__ import annotations

import importlib
from pathlib import Path

from pydantic import Field

from eudaimon.core.files import write_text
from eudaimon.study.design import Study, StudyOptions
from eudaimon.study.step import Step

cheap = importlib.import_module("tiny_steps")


class Options(StudyOptions):
    rows: int = 5
    names: tuple[str, ...] = ("a", "b")
    broken: bool = False
    scale: float = Field(default=1.0, gt=0)


def steps(options: Options) -> tuple[Step, ...]:
    """One mixture a name over all seeds, and perhaps a step that fails."""
    seeded = tuple(cheap.Seeded(seed=seed, rows=options.rows) for seed in range(options.seeds))
    mixed = tuple(cheap.Mixed(parts=seeded, name=name) for name in options.names)
    return (*mixed, cheap.Broken()) if options.broken else mixed


def report(folder: Path) -> Path:
    """A page that says how many results there are."""
    n = sum(1 for path in (folder / "steps").iterdir() if path.name.startswith("Mixed"))
    return write_text(folder / "report.html", f"<p>{n} results</p>")


STUDY = Study("tiny-town", "Does the engine run?", steps, Options, report=report)
