"""What is compared: scorers by name, and parts of the cascade alone."""

from __future__ import annotations

from pathlib import Path

from eudaimon.core.files import read_lines
from eudaimon.curate.quality.word_list import WordListScorer
from eudaimon.curate.scorer import Scorer, open_scorer

WORDS = "words"


def system(name: str) -> Scorer:
    """The scorer of that name, as `eudaimon.curate.open_scorer` opens it; a list of bad words as ``words``.

    ``words=PATH`` reads another list, one word or phrase a line. Raises `UsageError` where there is none.
    """
    kind, _, path = name.partition("=")
    if kind == WORDS:
        return WordListScorer(line for _, line in read_lines(Path(path))) if path else WordListScorer()
    return open_scorer(name)
