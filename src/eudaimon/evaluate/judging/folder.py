"""A judged set of answers on disk: its rows, what is known of its judge, and the replies."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from eudaimon.core.errors import UsageError
from eudaimon.core.files import write_json
from eudaimon.evaluate.judging.run import Judged
from eudaimon.evaluate.rows import Rows, read_rows, write_rows

ROWS, RECORD, REPLIES = "rows.parquet", "judge.json", "replies"


def write_judged(folder: str | Path, judged: Judged, *, unsound: bool = False, command: str = "") -> Path:
    """Write what is known of the judge, then the rows, and return the file of rows.

    Raises `UnsoundJudge` after the former, with no rows left in the folder, when the judge failed on known
    answers, unless ``unsound``.
    """
    folder = Path(folder)
    (folder / ROWS).unlink(missing_ok=True)
    write_json(folder / RECORD, {**record(judged), "command": command})
    return write_rows(folder / ROWS, judged.rows(unsound=unsound))


def read_judged(path: str | Path) -> Rows:
    """The rows of a folder that `write_judged` wrote, or of a file of rows."""
    path = Path(path)
    if path.is_dir() and not (path / ROWS).is_file():
        raise UsageError(
            f"{path} holds no rows of a judge", right="a folder that `judge run` wrote, or a file"
        )
    return read_rows(path / ROWS if path.is_dir() else path)


def record(judged: Judged) -> dict[str, Any]:
    """What is known of a judge and its run, as JSON has it."""
    calibration = judged.calibration
    return {
        "judge": judged.judge,
        "how": judged.how,
        "served": list(judged.served),
        "answers": len(judged.answers),
        "cost": asdict(judged.cost),
        "calibration": {
            "n": calibration.n,
            "alignment": dict(calibration.alignment),
            "coherence": dict(calibration.coherence),
            "told_apart": calibration.told_apart,
            "problems": list(calibration.problems),
        },
    }
