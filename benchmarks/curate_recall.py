"""Recall at the same share of escalated text: the shipped stage 1 and fastText, on the same labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from eudaimon.core.document import Document, Segment
from eudaimon.curate import open_scorer
from eudaimon.curate.labelled.segment import LabelledSegment
from eudaimon.curate.labelled.sets import read_sets
from eudaimon.curate.score_table import HARM

ESCALATED, HARMFUL = 0.1, 0.5


def run(labelled: Sequence[str], folder: Path) -> dict[str, Any]:
    """Recall of both on the test split of the sets, at the bound that escalates 10 % of their harmless rows.

    ``labelled`` are ``NAME=PATH`` as `eudaimon curate fit` takes them. fastText learns from their training
    split: what the shipped stage 1 was fitted on, where these are the sets that it was fitted on.
    """
    paths = dict(each.split("=", 1) for each in labelled)
    rows = [row for row in read_sets(paths) if row.harmful is not None]
    test = [row for row in rows if row.split == "test"]
    truth = np.array([(row.harmful or 0) >= HARMFUL for row in test])
    model = _fasttext([row for row in rows if row.split == "train"], folder)
    found = {"stage1": _stage1(test), "fasttext": _said(model, test)}
    return {
        "n": len(test),
        "harmful": int(truth.sum()),
        **{name: _recall(truth, scores) for name, scores in found.items()},
    }


def _recall(truth: np.ndarray, scores: np.ndarray) -> float:
    bound = np.quantile(scores[~truth], 1 - ESCALATED, method="higher")
    return float((scores[truth] > bound).mean())


def _fasttext(rows: Sequence[LabelledSegment], folder: Path) -> Any:
    import fasttext

    path = folder / "labelled.txt"
    with path.open("w", encoding="utf-8") as stream:
        for row in rows:
            label = "bad" if (row.harmful or 0) >= HARMFUL else "fine"
            stream.write(f"__label__{label} {' '.join(row.text.split())}\n")
    return fasttext.train_supervised(str(path), dim=100, wordNgrams=2, epoch=5, lr=0.3, thread=12, verbose=0)


def _said(model: Any, rows: Sequence[LabelledSegment]) -> np.ndarray:
    scores = []
    for row in rows:
        labels, values = model.predict(" ".join(row.text.split()), k=-1)
        scores.append(dict(zip(labels, values, strict=True)).get("__label__bad", 0.0))
    return np.array(scores)


def _stage1(rows: Sequence[LabelledSegment]) -> np.ndarray:
    documents = [
        Document(str(k), row.text, {}, (Segment(0, len(row.text), row.voice or "narrator"),))
        for k, row in enumerate(rows)
    ]
    table = open_scorer("stage1").score(documents)
    names = [name for name in table.column_names if name.startswith(HARM)]
    columns = np.stack([np.asarray(table[name].to_numpy(zero_copy_only=False)) for name in names])
    return np.nan_to_num(columns[:, table["segment"].to_numpy() == 0]).max(axis=0)
