"""A scorer that workers can import: whoever says "rob" enacts harm."""

from __future__ import annotations

import numpy as np

from eudaimon.core.identity import short_hash
from eudaimon.curate.stages.batch import CODED, Batch


class Words:
    hash = short_hash("rob")

    def score(self, documents):
        batch = Batch.of(documents)
        bad = np.array(["rob" in said for said in batch.spans.strings()], dtype=bool)
        columns = {"harm_fraud": np.where(bad, 0.9, 0.1), "severity": np.where(bad, 3.0, 0.0)}
        for name, yes, no in (("stance", "enacts", "none"), ("frame", "none", "none")):
            codes = CODED[name].index
            columns[name] = np.where(bad, codes(yes), codes(no))
        columns["subject"] = np.full(len(bad), CODED["subject"].index("human"))
        columns |= {f"trait_{name}": np.zeros(len(bad)) for name in ("care", "honesty")}
        return batch.having(columns).table(self.hash)

    def costs(self):
        return ()


class Lazy(Words):
    def score(self, documents):
        return super().score(documents[1:])


def words():
    return Words()


def lazy():
    return Lazy()
