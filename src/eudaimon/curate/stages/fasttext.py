"""A fastText classifier as a scorer: what it says of every paragraph."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from eudaimon.core.document import Document
from eudaimon.core.errors import UsageError
from eudaimon.core.files import sha256_file
from eudaimon.core.identity import short_hash
from eudaimon.curate.score_table import HARM
from eudaimon.curate.scorer import StageCost
from eudaimon.curate.stages.batch import Batch
from eudaimon.curate.stages.fasttext_kernel import kernels
from eudaimon.curate.stages.fasttext_table import LABEL, open_fasttext
from eudaimon.curate.stages.paragraphs import narrated, paragraph_spans
from eudaimon.curate.stages.span_bytes import SpanBytes, eights, encoded_texts, keep_bytes
from eudaimon.curate.stages.spans import Spans
from eudaimon.data.yaml_text import read_yaml

if TYPE_CHECKING:
    import pyarrow

HARMFUL = frozenset(("bad", "harm", "harmful", "toxic", "unsafe"))
"""Labels that name no category of harm and are taken for ``other``."""
LABELS_SUFFIX = ".labels.yaml"
"""``model.bin.labels.yaml`` beside ``model.bin`` says which category each label is, whatever its name."""
AT_ONCE, AT_ONCE_COMPILED = 64, 512
"""Documents scored at once: numpy's arrays in between then stay in a processor's cache."""
VERSION = 2
"""Of the scores; those of another differ in the last of their digits."""


class FastTextScorer:
    """A scorer that fills ``harm_<category>`` with a fastText model's probabilities, paragraph by paragraph.

    A label that is a category of harm fills its column, one of `HARMFUL` that of ``other``; the rest are
    left out. A file beside the model overrules that (`LABELS_SUFFIX`). Nothing is said about severity or
    stance: a policy for such scores asks for harm alone. Raises `UsageError` where the file is no supervised
    model, or no label is one of these.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._table = open_fasttext(path)
        labels = self._table.labels if self._table else self._library[1]
        self.columns = _columns(self.path, labels)
        model = self._table.hash if self._table else sha256_file(path)
        self.hash = short_hash(["fasttext by paragraph", VERSION, model, dict(self.columns)])
        self._cost = StageCost("fasttext")

    @cached_property
    def _library(self) -> tuple[Any, tuple[str, ...]]:
        """fastText itself, for models that cannot be folded, and its labels."""
        import fasttext  # type: ignore[import-untyped, unused-ignore]

        model = fasttext.FastText._FastText(str(self.path))
        return model, tuple(label.removeprefix(LABEL) for label in model.labels)

    def score(self, documents: Sequence[Document]) -> pyarrow.Table:
        """The scores of the documents' paragraphs."""
        import pyarrow

        size = AT_ONCE_COMPILED if self._table and kernels() else AT_ONCE
        parts = [self._score(documents[k : k + size]) for k in range(0, max(1, len(documents)), size)]
        return parts[0] if len(parts) == 1 else pyarrow.concat_tables(parts).unify_dictionaries()

    def costs(self) -> tuple[StageCost, ...]:
        """One cost, of the model."""
        return (self._cost,)

    def _score(self, documents: Sequence[Document]) -> pyarrow.Table:
        started = time.process_time()
        spans, found = self._read(documents)
        batch = Batch(tuple(documents), spans)
        filled: dict[str, np.ndarray] = {"stage": np.ones(len(batch.spans), dtype=np.int32)}
        for number, column in self.columns.items():
            values = found[:, number].astype(np.float64)
            filled[column] = values if column not in filled else np.maximum(filled[column], values)
        table = batch.having(filled).table(self.hash)
        spent, n = time.process_time() - started, len(batch.spans)
        characters = int((batch.spans.end - batch.spans.start).sum())
        self._cost += StageCost("fasttext", len(documents), n, characters, spent, n)
        return table

    def _read(self, documents: Sequence[Document]) -> tuple[Spans, Float[np.ndarray, "rows labels"]]:
        """The paragraphs, and each label's probability of them."""
        compiled = kernels() if self._table else None
        if self._table is None or compiled is None:
            spans = paragraph_spans(documents)
            return spans, self._probabilities([string.strip() for string in spans.strings()])
        texts = tuple(document.text for document in documents)
        encoded = encoded_texts(texts)
        data = np.frombuffer(encoded, np.uint8)
        lengths = np.array([len(text) for text in texts], dtype=np.int64)
        first, start, end, low, high, begins = compiled.cut_paragraphs(data, eights(data), lengths)
        spans = narrated(texts, first, start, end)
        keep_bytes(spans, SpanBytes(encoded, begins, low, high))
        return spans, self._table.probabilities_of_bytes(compiled.sum_logits, data, low, high)

    def _probabilities(self, strings: Sequence[str]) -> Float[np.ndarray, "strings labels"]:
        if self._table is not None:
            return self._table.probabilities(strings)
        model, labels = self._library
        found = np.zeros((len(strings), len(labels)), dtype=np.float32)
        numbers = {LABEL + label: number for number, label in enumerate(labels)}
        for row, string in enumerate(strings):
            line = string.replace("\n", " ").encode("utf-8", "replace").decode("utf-8")
            names, scores = model.predict(line, k=-1)
            found[row, [numbers[name] for name in names]] = np.minimum(scores, 1)
        return found


def _columns(path: Path, labels: Sequence[str]) -> Mapping[int, str]:
    """The column that each label fills, by the label's number."""
    from eudaimon.data.taxonomy import categories

    known = {name: name for name in categories()} | dict.fromkeys(HARMFUL, "other")
    meant = {label: known[label.lower()] for label in labels if label.lower() in known}
    beside = Path(f"{path}{LABELS_SUFFIX}")
    if beside.is_file():
        meant = read_yaml(beside.read_text(encoding="utf-8"))
        strange = isinstance(meant, dict) and sorted(
            {*meant} - {*labels} | {*meant.values()} - {*categories()}
        )
        if strange or not isinstance(meant, dict):
            raise UsageError(
                f"{beside} maps {strange[0] if strange else 'nothing'}",
                right=f"labels ({', '.join(labels[:10])}) to categories ({', '.join(categories())})",
            )
    if not meant:
        raise UsageError(
            f"the labels of {path} say nothing about harm: {', '.join(labels[:10])}",
            right=f"one or more of {', '.join(known)}",
            do=f"write {Path(path).name}{LABELS_SUFFIX}, such as {labels[0]}: other",
        )
    return {number: HARM + meant[label] for number, label in enumerate(labels) if label in meant}
