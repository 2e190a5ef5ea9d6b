"""The threshold for growing answers, from answers that are known to be harmless: a small JSON file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from eudaimon.core import Binding, NotEnoughCalibration, UsageError
from eudaimon.core.files import write_text
from eudaimon.measure.conformal import conformal_threshold
from eudaimon.monitor.scoring import scores_of
from eudaimon.monitor.storage import monitor_hash
from eudaimon.monitor.verdict import Scorer
from eudaimon.serve.upstream.checking import Thresholds
from eudaimon.serve.upstream.chunks import Chunk
from eudaimon.serve.upstream.growing import Growing, Window

if TYPE_CHECKING:
    from eudaimon.monitor.monitor import Monitor

DO = "eudaimon.serve.upstream.calibrate_windows, as docs/deploy.md shows"


class WindowCalibration(BaseModel):
    """The scores from which a monitor flags a query, and an answer in any of its windows.

    ``output`` keeps the rate ``fpr`` on harmless answers like the ``n`` that set it, as a bound on the
    highest of all looks; new ones stay under ``bound`` with 95 % confidence. It holds for this monitor (by
    its hash and ``binding``) and for looks no closer than those of ``window``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    format: Literal["eudaimon-windows"] = "eudaimon-windows"
    version: Literal[1] = 1
    binding: Binding
    monitor: str
    input: float = Field(ge=0, le=1)
    output: float = Field(ge=0, le=1)
    fpr: float = Field(gt=0, lt=1)
    n: int = Field(ge=1)
    bound: float
    whence: str
    window: dict[str, int]

    @property
    def thresholds(self) -> Thresholds:
        """The two thresholds, and what was promised of the second."""
        return Thresholds(self.input, self.output, self.fpr, self.n, self.whence)

    @property
    def promise(self) -> str:
        """The rate, on what it was set, and how sure it is."""
        return (
            f"an answer is flagged from {self.output:.4f} in any window: {100 * self.fpr:.3g} % of harmless "
            f"answers like the {self.n} that set it ({self.whence}), at most {100 * self.bound:.3g} % with "
            "95 % confidence"
        )

    def require(self, monitor: Monitor, window: Window) -> None:
        """Nothing for the monitor and the windows that it was made with; raises `UsageError` for others."""
        self.binding.require(monitor.model.binding, "calibration")
        if self.monitor != monitor_hash(monitor) or self.window != asdict(window):
            raise UsageError(
                f"this calibration is of monitor {self.monitor} with windows {self.window}, and it is "
                f"{monitor_hash(monitor)} with {asdict(window)} that is served",
                right="the same monitor and windows",
                do=DO,
            )

    def save(self, path: str | Path) -> Path:
        """Write it to ``path``, atomically."""
        return write_text(path, self.model_dump_json(indent=1) + "\n")

    @classmethod
    def load(cls, path: str | Path) -> WindowCalibration:
        """The calibration in a file; raises `UsageError` for anything else."""
        try:
            return cls.model_validate_json(Path(path).read_bytes())
        except FileNotFoundError as error:
            raise UsageError(f"there is no file {path}", right="a file for --calibration", do=DO) from error
        except (OSError, ValidationError) as error:
            raise UsageError(
                f"{path} holds no calibration of windows", right="a file for --calibration", do=DO
            ) from error


def calibrate_windows(
    monitor: Monitor, answers: Sequence[str], fpr: float, *, whence: str, window: Window | None = None
) -> WindowCalibration:
    """The threshold that at most ``fpr`` of harmless answers reach in any window; queries keep the monitor's.

    Looks are taken as early as they can come. It holds for answers like these, each to another question.
    Raises `NotEnoughCalibration` when they are too few, repeat, or score too high for any threshold.
    """
    if len(set(answers)) < len(answers):
        raise NotEnoughCalibration(
            f"{len(answers)} answers are {len(set(answers))} different ones", right="each answer once"
        )
    window = window or Window()
    found = conformal_threshold(highest_scores(monitor.score, answers, window), fpr)
    if found.value > 1:
        raise NotEnoughCalibration(
            f"more than {fpr:.3g} of the harmless answers have the highest score there is",
            right="answers that the guard tells from harmful ones, or a higher rate",
        )
    return WindowCalibration(
        binding=monitor.binding,
        monitor=monitor_hash(monitor),
        input=monitor.threshold.value,
        output=found.value,
        fpr=fpr,
        n=found.n,
        bound=found.fpr_bound,
        whence=whence,
        window=asdict(window),
    )


def highest_scores(score: Scorer, answers: Sequence[str], window: Window | None = None) -> np.ndarray:
    """The highest score of each answer's windows, in [0, 1]; 0 for an answer of nothing but spaces."""
    own = [list(windows_of(answer, window or Window())) for answer in answers]
    scores = scores_of(score, [text for texts in own for text in texts])
    ends = np.cumsum([len(texts) for texts in own])
    return np.array(
        [scores[end - len(texts) : end].max(initial=0.0) for end, texts in zip(ends, own, strict=True)]
    )


def windows_of(answer: str, window: Window) -> Iterator[str]:
    """The texts that are read of an answer which comes so that every look is as early as it can be."""
    growing = Growing(window, len(answer) + 1)
    for start in range(0, len(answer), window.every):
        growing.add(Chunk(answer[start : start + window.every]))
        look = growing.look(ended=start + window.every >= len(answer))
        if look is not None:
            growing.release(look)
            if look.text:
                yield look.text
