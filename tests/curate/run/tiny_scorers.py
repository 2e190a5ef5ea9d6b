"""Scorers that workers can import: a list of words, and others that differ or fail."""

from __future__ import annotations

import os
import sys
import time

import numpy as np

from eudaimon.core.identity import short_hash
from eudaimon.curate.scorer import StageCost
from eudaimon.curate.stages.batch import CODED, Batch

BAD = ("rob", "cheat", "poison")


class Words:
    """A voice that says one of the bad words enacts harm; nothing else is known of it."""

    def __init__(self, words=BAD, pause=0.0):
        self.words, self.pause = words, pause
        self.hash = short_hash(["words", *words])
        self._cost = StageCost("words")

    def score(self, documents):
        cpu = time.process_time()
        time.sleep(self.pause)
        batch = Batch.of(documents)
        spans = batch.spans
        bad = np.array([any(word in said for word in self.words) for said in spans.strings()], dtype=bool)
        code = {name: CODED[name].index for name in CODED}
        table = batch.having(
            {
                "harm_fraud": np.where(bad, 0.9, 0.1),
                "severity": np.where(bad, 3.0, 0.0),
                "stance": np.where(bad, code["stance"]("enacts"), code["stance"]("none")),
                "frame": np.full(len(bad), code["frame"]("none")),
                "subject": np.full(len(bad), code["subject"]("human")),
            }
        ).table(self.hash)
        self._cost += StageCost(
            "words",
            len(documents),
            len(bad),
            sum(len(document.text) for document in documents),
            time.process_time() - cpu,
            int(bad.sum()),
        )
        return table

    def costs(self):
        return (self._cost,)


class Lazy(Words):
    """Forgets the last document of every batch."""

    def score(self, documents):
        return super().score(documents[:-1])


def words():
    return Words()


def other():
    return Words(("rob",))


def slow():
    return Words(pause=1.0)


def dying():
    """Kills its process at the third document, once in a folder that the environment names."""
    scorer = Words()
    whole = scorer.score

    def score(documents):
        marker = os.environ["EUDAIMON_TEST_MARKER"]
        if any("7" in document.id for document in documents) and not os.path.exists(marker):  # noqa: PTH110
            with open(marker, "w"):  # noqa: PTH123
                os.kill(os.getpid(), 9)
        return whole(documents)

    scorer.score = score
    return scorer


def lazy():
    return Lazy()


def changing():
    """Another scorer in every process."""
    return Words((f"rob{os.getpid()}", sys.executable))
