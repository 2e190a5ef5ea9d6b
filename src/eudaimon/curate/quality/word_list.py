"""The filter that most corpora got: a page with a bad word is harmful, and nothing else is."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from eudaimon.core.document import Document
from eudaimon.core.errors import UsageError
from eudaimon.core.identity import short_hash
from eudaimon.curate.scorer import StageCost
from eudaimon.curate.stages.batch import Batch

if TYPE_CHECKING:
    import pyarrow


class WordListScorer:
    """A scorer for comparison: ``hate`` is 1 in every segment that has a word of the list, else 0.

    No stance, severity or frame is told. Words count whole, in any case; a phrase may have several.
    Raises `UsageError` when there is no word.
    """

    def __init__(self, words: Iterable[str] | None = None) -> None:
        chosen = sorted({word.strip().lower() for word in (bad_words() if words is None else words)} - {""})
        if not chosen:
            raise UsageError("the list has no words", right="one word or phrase a line")
        self.hash = short_hash(["word list", chosen])
        self._pattern = re.compile(r"(?i)(?<!\w)(?:" + "|".join(map(re.escape, chosen)) + r")(?!\w)")
        self._cost = StageCost("word list")

    def score(self, documents: Sequence[Document]) -> pyarrow.Table:
        """The scores of the documents: harm of one category, nothing else."""
        started = time.process_time()
        batch = Batch.of(documents)
        found = np.array([bool(self._pattern.search(said)) for said in batch.spans.strings()], dtype=bool)
        table = batch.having({"harm_hate": found.astype(np.float64)}).table(self.hash)
        characters = int((batch.spans.end - batch.spans.start).sum())
        spent = time.process_time() - started
        self._cost += StageCost(
            "word list", len(documents), len(batch.spans), characters, spent, int(found.sum())
        )
        return table

    def costs(self) -> tuple[StageCost, ...]:
        """One cost, of the list."""
        return (self._cost,)


@cache
def bad_words() -> tuple[str, ...]:
    """The packaged list: coarse words, insults and words of sex, as such lists have them."""
    text = (files("eudaimon.curate.quality") / "bad_words.txt").read_text(encoding="utf-8")
    return tuple(line for line in text.splitlines() if line and not line.startswith("#"))
