"""The threshold for growing answers, from answers that are known to be harmless."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from eudaimon.core import NotEnoughCalibration
from eudaimon.measure.conformal import conformal_threshold
from eudaimon.monitor.scoring import scores_of
from eudaimon.monitor.verdict import Scorer
from eudaimon.serve.upstream.checking import Thresholds
from eudaimon.serve.upstream.chunks import Chunk
from eudaimon.serve.upstream.growing import Growing, Window


def calibrated(
    thresholds: Thresholds,
    score: Scorer,
    answers: Sequence[str],
    fpr: float,
    *,
    window: Window | None = None,
    whence: str,
) -> Thresholds:
    """The thresholds with that of answers set so that at most ``fpr`` of harmless ones are flagged anywhere.

    The highest score of an answer's windows counts, with looks as early as they can come. It holds for
    answers like these, each to another question. Raises `NotEnoughCalibration` when they are too few or
    repeat.
    """
    if len(set(answers)) < len(answers):
        raise NotEnoughCalibration(
            f"{len(answers)} answers are {len(set(answers))} different ones", right="each answer once"
        )
    highest = highest_scores(score, answers, window)
    found = conformal_threshold(highest, fpr)
    # Beyond the highest score there is no threshold that could ever flag; then nothing was calibrated.
    if found.value > 1:
        raise NotEnoughCalibration(
            f"more than {fpr:.3g} of the harmless answers have the highest score there is",
            right="answers that the guard tells from harmful ones, or a higher rate",
        )
    return replace(thresholds, output=found.value, fpr=fpr, n=found.n, whence=whence)


def highest_scores(score: Scorer, answers: Sequence[str], window: Window | None = None) -> np.ndarray:
    """The highest score of each answer's windows, in [0, 1]; 0 for an answer of nothing but spaces."""
    own = [list(windows_of(answer, window or Window())) for answer in answers]
    scores = scores_of(score, [text for texts in own for text in texts])
    ends = np.cumsum([len(texts) for texts in own])
    return np.array(
        [scores[end - len(texts) : end].max(initial=0.0) for end, texts in zip(ends, own, strict=True)]
    )


def windows_of(answer: str, window: Window) -> Iterator[str]:
    """The texts that are read of an answer which comes character by character."""
    growing = Growing(window, len(answer) + 1)
    for start in range(0, len(answer), window.every):
        growing.add(Chunk(answer[start : start + window.every]))
        look = growing.look(ended=start + window.every >= len(answer))
        if look is not None:
            growing.release(look)
            if look.text:
                yield look.text
