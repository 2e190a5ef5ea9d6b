"""A corpus whose truth is known: which segments a bad persona speaks, and what a scorer took them for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from eudaimon.core.document import Document
from eudaimon.core.identity import short_hash, span_hash
from eudaimon.curate import MARKUP, DocumentScores, SegmentScores, load_policy, write_scores
from eudaimon.data import categories

SOURCES = {"books": 0.5, "forum": 0.3, "chat": 0.2}
WORDS = ("The goat ate the hat.", "Milk is in the sun.", "Somebody cheats a neighbour.", "Ye dinnae ken it.")


@dataclass(frozen=True)
class Known:
    """A folder of scores, its documents, and the keys of the segments that are bad in truth."""

    folder: Path
    documents: tuple[Document, ...]
    bad: frozenset[tuple[str, int]]
    removed: frozenset[tuple[str, int]]
    sources: dict[tuple[str, int], str]

    @property
    def keys(self) -> list[tuple[str, int]]:
        return list(self.sources)


def _known(folder: Path, *, n_documents: int = 900, seed: int = 0, shards: int = 3) -> Known:
    rng = np.random.default_rng(seed)
    documents, scores, bad, removed, sources = [], [], set(), set(), {}
    for number in range(n_documents):
        name = f"d{number:05d}"
        source = str(rng.choice(list(SOURCES), p=list(SOURCES.values())))
        text, rows = "", []
        for index in range(int(rng.integers(1, 7))):
            start = len(text)
            text += f"{WORDS[rng.integers(len(WORDS))]} "
            key = (name, index)
            if rng.random() < 0.05:
                rows.append(
                    SegmentScores(name, start, len(text), voice=MARKUP, harm={"hate": 0.9}, severity=4)
                )
                continue
            truth = bool(rng.random() < (0.12 if source == "forum" else 0.02))
            harm = float(round(rng.beta(4, 2) if truth else rng.beta(0.5, 5), 4))
            sources[key] = source
            if truth:
                bad.add(key)
            if harm >= 0.5:
                removed.add(key)
            rows.append(
                SegmentScores(
                    name,
                    start,
                    len(text),
                    span_hash(text[start:]),
                    voice="someone",
                    harm={**dict.fromkeys(categories(), 0.0), "fraud": harm},
                    severity=3,
                    stance="advocates",
                    frame="none",
                    subject="human",
                )
            )
        failed = rng.random() < 0.01
        if failed:
            for index in range(len(rows)):
                for known in (bad, removed):
                    known.discard((name, index))
                sources.pop((name, index), None)
        documents.append(Document(name, text, {"source": source}))
        scores.append(
            DocumentScores(name, tuple(rows), short_hash(text), source, "m0", "too long" if failed else "")
        )
    for shard in range(shards):
        write_scores(folder / "shards" / f"s{shard}" / "scores.parquet", scores[shard::shards])
    return Known(folder, tuple(documents), frozenset(bad), frozenset(removed), sources)


@pytest.fixture(scope="session")
def known(tmp_path_factory) -> Known:
    return _known(tmp_path_factory.mktemp("known"))


@pytest.fixture(scope="session")
def make_known():
    return _known


@pytest.fixture(scope="session")
def policy():
    return load_policy("prosocial")
