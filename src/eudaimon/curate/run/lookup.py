"""Documents of a scored corpus with their scores: one by its id, or all in order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from eudaimon.core.document import Document
from eudaimon.core.errors import UsageError
from eudaimon.curate import arrow
from eudaimon.curate.decision_table import decide_table, score_tables
from eudaimon.curate.policy import Policy
from eudaimon.curate.redecide import scores_of
from eudaimon.curate.run.folder import SCORES, ScoreFolder
from eudaimon.curate.run.score_shard import documents_of
from eudaimon.curate.score_table import WHOLE, open_scores, plain
from eudaimon.curate.scores import DocumentScores

if TYPE_CHECKING:
    import pyarrow


def find_documents(scores: str | Path, name: str) -> list[tuple[Document, DocumentScores]]:
    """The documents of an id in a scored corpus, with their scores; several where ids repeat.

    Raises `UsageError` when there is none, or scoring has not finished.
    """
    folder = ScoreFolder(scores)
    folder.manifest()
    found = []
    for shard in folder.plan.shards:
        path = folder.shard(shard.id) / SCORES
        with open_scores(path) as file:
            table = file.read(columns=["document", "segment"])
        heads = np.flatnonzero(arrow.to_numpy(table["segment"]) == WHOLE)
        names = table["document"].take(heads).to_pylist()
        places = [k for k, each in enumerate(names) if each == plain(name)]
        if places:
            known = _scores_at(path, places)
            for place, document in _documents_at(folder, shard.id, places):
                found.append((document, known[place]))
    if not found:
        raise UsageError(
            f"there is no document {name!r} in {folder.folder}", right="an id as the records have it"
        )
    return found


def scored_documents(
    scores: str | Path, policies: Iterable[Policy]
) -> Iterator[tuple[Document, DocumentScores]]:
    """Every document of a scored corpus, in order, with its scores.

    Where no rule of any of the policies holds, the scores of segments are left out: these policies decide the
    same without them.
    """
    folder, policies = ScoreFolder(scores), tuple(policies)
    for shard, path in folder.scored():
        documents = documents_of(folder.plan, shard)
        for table in score_tables(path):
            heads = np.flatnonzero(arrow.to_numpy(table["segment"]) == WHOLE)
            needed = np.zeros(len(heads), dtype=bool)
            for policy in policies:
                needed |= _touched(decide_table(policy, table, path))
            full = scores_of(path, table, np.flatnonzero(needed))
            for row, head in enumerate(table.take(heads).to_pylist()):
                document = next(documents, None)
                if document is None or plain(document.id) != head["document"]:
                    raise UsageError(
                        f"{shard.file.url}: document {head['document']} is not there as it was scored",
                        right="the very same files",
                    )
                bare = DocumentScores(
                    head["document"],
                    (),
                    text_hash=head["span_hash"] or "",
                    source=head["source"] or "",
                    model=head["model"] or "",
                )
                yield document, full.get(row, bare)


def _touched(decided: pyarrow.Table) -> np.ndarray:
    """Documents in which any rule holds, or that are errors."""
    failed = np.array(decided["outcome"].cast("string").to_pylist()) == "error"
    return np.asarray(arrow.to_numpy(decided["shares"].is_valid()) | failed)


def _scores_at(path: Path, places: list[int]) -> dict[int, DocumentScores]:
    found: dict[int, DocumentScores] = {}
    first = 0
    for table in score_tables(path):
        n = int((arrow.to_numpy(table["segment"]) == WHOLE).sum())
        here = [place - first for place in places if first <= place < first + n]
        part = scores_of(path, table, np.array(here, dtype=np.int64))
        found |= {place + first: each for place, each in part.items()}
        first += n
    return found


def _documents_at(folder: ScoreFolder, key: str, places: list[int]) -> Iterator[tuple[int, Document]]:
    plan = folder.plan
    documents = islice(documents_of(plan, plan.shard(key)), max(places) + 1)
    wanted = set(places)
    return ((place, document) for place, document in enumerate(documents) if place in wanted)
