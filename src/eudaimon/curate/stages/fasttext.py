"""A user's own fastText model as a scorer: a probability a label and paragraph, as datatrove's filter has."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import yaml
from jaxtyping import Float

from eudaimon.core.errors import UsageError
from eudaimon.core.files import sha256_file
from eudaimon.core.identity import HASH_LENGTH, short_hash
from eudaimon.curate.score_table import HARM
from eudaimon.curate.stages.batch import Batch, number_columns
from eudaimon.curate.stages.fasttext_file import NeedsFastText, read_fasttext
from eudaimon.curate.stages.fasttext_predict import FastTextPredictor
from eudaimon.curate.stages.paragraphs import spans_of_paragraphs
from eudaimon.curate.stages.spans import spans_of
from eudaimon.curate.stages.staged import StagedScorer

log = logging.getLogger(__name__)

LABELS_SUFFIX = ".labels.yaml"
"""Beside ``model.bin`` the file ``model.bin.labels.yaml`` may say which column each label fills."""
USUAL: Mapping[str, str] = {"toxic": "harm_hate", "hate": "harm_hate", "nsfw": "harm_sexual"}
"""What labels mean that are not called as our columns are."""


class Predictor(Protocol):
    """What gives the probability of every label for lines without newlines."""

    def probabilities(self, lines: Sequence[str]) -> Float[np.ndarray, "lines labels"]:
        """The probability of each label, NaN where the model knows nothing of the line."""
        ...


class FastTextStage:
    """A fastText model as a `Stage`: fills a column of scores for each label that has one.

    ``columns`` names them by label, without ``__label__``; by default labels that are called as a column or a
    harm category, and `USUAL` ones. A segment is read as one line, without white space at its ends; newlines
    within it become ``newline``. Raises `UsageError` when no label has a column.
    """

    name = "fasttext"
    number = 1

    def __init__(
        self, path: str | Path, columns: Mapping[str, str] | None = None, *, newline: str = ""
    ) -> None:
        self.newline = newline
        self._predictor, labels, model_hash = _open(Path(path))
        wanted = _usual(labels) if columns is None else dict(columns)
        strange = sorted(set(wanted) - set(labels)) or sorted(set(wanted.values()) - set(number_columns()))
        if strange or not wanted:
            what = f"it has no {strange[0]}" if strange else "none of its labels is known to fill a column"
            raise UsageError(
                f"{path} has the labels {', '.join(labels)}: {what}",
                right=f"labels to columns, such as {labels[0]}: harm_other",
                do=f"write {Path(path).name}{LABELS_SUFFIX} beside it",
            )
        self.columns = wanted
        self._places = {column: labels.index(label) for label, column in wanted.items()}
        self.hash = short_hash(["fasttext", model_hash, wanted, newline])

    def run(self, batch: Batch) -> Batch:
        """The batch with the labels' probabilities."""
        strip, newline = str.strip, self.newline
        lines = [strip(text) for text in batch.spans.strings()]
        if any("\n" in line for line in lines):
            lines = [line.replace("\n", newline) for line in lines]
        p = self._predictor.probabilities(lines)
        columns = {column: np.minimum(p[:, place], 1.0) for column, place in self._places.items()}
        return batch.having({**columns, "stage": np.full(len(lines), self.number, dtype=np.int32)})


def open_fasttext(
    path: str | Path,
    columns: Mapping[str, str] | None = None,
    *,
    unit: Literal["paragraph", "voice"] = "paragraph",
) -> StagedScorer:
    """A fastText model as a scorer of paragraphs, or of voices.

    ``columns`` are as in `FastTextStage`, by default those of the file that `LABELS_SUFFIX` names, if any.
    """
    beside = Path(f"{path}{LABELS_SUFFIX}")
    if columns is None and beside.is_file():
        columns = yaml.safe_load(beside.read_text(encoding="utf-8"))
        if not isinstance(columns, dict):
            raise UsageError(f"{beside} maps nothing", right="label: column")
    cut = spans_of_paragraphs if unit == "paragraph" else spans_of
    return StagedScorer((FastTextStage(path, columns),), cut, cut_name=unit)


def _open(path: Path) -> tuple[Predictor, tuple[str, ...], str]:
    try:
        model = read_fasttext(path)
    except NeedsFastText as error:
        library = _Library(path)
        log.info("%s: it is read by fastText itself, which is slower", error.what)
        return library, library.labels, sha256_file(path)[:HASH_LENGTH]
    return FastTextPredictor(model), model.labels, model.hash


class _Library:
    """fastText's own predictions, for models that have no shorter way."""

    def __init__(self, path: Path) -> None:
        try:
            from fasttext.FastText import _FastText
        except ModuleNotFoundError as error:
            raise UsageError(
                "this model needs fastText itself", right="the package", do="pip install eudaimon[curate]"
            ) from error
        try:
            self._model: Any = _FastText(str(path))
        except ValueError as error:
            raise UsageError(f"{path} is no model of fastText", right="a .bin or .ftz") from error
        self._names: list[str] = list(self._model.labels)
        self.labels = tuple(name.removeprefix("__label__") for name in self._names)

    def probabilities(self, lines: Sequence[str]) -> Float[np.ndarray, "lines labels"]:
        """The probability of each label, NaN where fastText gives none."""
        p = np.full((len(lines), len(self._names)), np.nan)
        if lines:
            place = {name: k for k, name in enumerate(self._names)}
            for row, (names, values) in enumerate(zip(*self._model.predict(list(lines), k=-1), strict=True)):
                p[row, [place[name] for name in names]] = values
        return p


def _usual(labels: Sequence[str]) -> dict[str, str]:
    known = set(number_columns())
    found: dict[str, str] = {}
    for label in labels:
        column = label if label in known else HARM + label if HARM + label in known else USUAL.get(label)
        if column is not None and column not in found.values():
            found[label] = column
    return found
