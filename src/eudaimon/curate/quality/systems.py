"""What is compared: scorers by name, and parts of the cascade alone."""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path

from eudaimon.core.files import read_lines
from eudaimon.curate.quality.word_list import WordListScorer
from eudaimon.curate.scorer import Scorer, open_scorer

WORDS, STAGE2 = "words", "stage2"


def system(name: str) -> Scorer:
    """The scorer of that name, as `eudaimon.curate.open_scorer` opens it, or one to compare with.

    ``words`` is the packaged list of bad words, and ``words=PATH`` another, one word or phrase a line.
    ``stage2`` is the shipped encoder stage on every segment, ``stage2=FOLDER`` that of a scorer of your own.
    Raises `UsageError` where there is none.
    """
    kind, _, path = name.partition("=")
    if kind == WORDS:
        return WordListScorer(line for _, line in read_lines(Path(path))) if path else WordListScorer()
    if kind == STAGE2:
        if path:
            return _encoder_alone(Path(path))
        with as_file(files("eudaimon.curate") / "models") as shipped:
            return _encoder_alone(shipped)
    return open_scorer(name)


def _encoder_alone(folder: Path) -> Scorer:
    from eudaimon.curate.cascade import Cascade
    from eudaimon.curate.stages.encoder_files import open_stage2
    from eudaimon.curate.stages.escalation import Escalation

    # Nobody suspects anything where there is no first stage, and a bound of 0 lets that through.
    return Cascade((), open_stage2(folder / STAGE2), None, Escalation(bound=0.0))
