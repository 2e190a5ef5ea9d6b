"""Stage 1's model: n-grams of every segment, and one weight for each of them and each question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from eudaimon.core.errors import UsageError
from eudaimon.core.files import read_json, write_json
from eudaimon.core.identity import short_hash
from eudaimon.curate.score_table import HARM, TRAIT
from eudaimon.curate.stages.answers import faded, highest_harm
from eudaimon.curate.stages.batch import Batch
from eudaimon.curate.stages.letters import RULES
from eudaimon.curate.stages.lexicon import TERMS
from eudaimon.curate.stages.ngrams import Vocabulary
from eudaimon.curate.stages.words import Words, words_of
from eudaimon.curate.taxonomy import STANCES, WORST

FORMAT, FORMAT_VERSION = "eudaimon-stage1-linear", 1
WEIGHTS, MANIFEST = "linear.safetensors", "linear.json"
STANCE = "stance_"
SUSPICION = "suspicion"
"""The column by which a cascade chooses what a dearer stage reads: in [0, 1], higher first."""
STEPS = 1000
"""Probabilities are multiples of 1/1000: finer ones say nothing more and cannot be packed."""
_ACTS = tuple(STANCES.index(name) for name in ("enacts", "advocates", "instructs"))
_DISTANT = tuple(STANCES.index(name) for name in ("depicts", "condemns"))
_NONE = STANCES.index("none")


@dataclass(frozen=True, eq=False)
class LinearModel:
    """A linear model with one head for every question: ``harm_<category>``, ``severity``, ``stance_<name>``,
    ``hazard`` and ``trait_<name>``.

    A head's probability is the logistic function of its bias, the sum of the weights of a segment's known
    n-grams divided by the square root of the number of its words, and the lexicon's evidence for each of
    ``groups`` times its weight. Severity is 5 times its probability, and fades out where harm is improbable
    (`eudaimon.curate.stages.answers.faded`); a trait is 4 times its probability less 2. ``record`` says how
    the model was made.
    """

    heads: tuple[str, ...]
    vocabulary: Vocabulary
    weights: Float[np.ndarray, "known heads"]
    bias: Float[np.ndarray, " heads"]
    groups: tuple[str, ...]
    group_weights: Float[np.ndarray, "groups heads"]
    record: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.weights.shape != (len(self.vocabulary.keys), len(self.heads)):
            raise ValueError(f"weights of shape {self.weights.shape} do not fit n-grams and heads")
        if self.group_weights.shape != (len(self.groups), len(self.heads)):
            raise ValueError(f"weights of shape {self.group_weights.shape} do not fit groups and heads")

    @cached_property
    def hash(self) -> str:
        """Identity of n-grams, weights, heads, and of the rules by which text becomes words."""
        arrays = [self.vocabulary.keys, self.weights, self.bias, self.group_weights]
        named = [list(self.heads), list(self.groups), RULES]
        return short_hash([*named, *(short_hash(np.ascontiguousarray(each).tobytes()) for each in arrays)])

    def logits(
        self, words: Words, evidence: Mapping[str, Float[np.ndarray, " rows"]], rows: int
    ) -> Float[np.ndarray, "rows heads"]:
        """The log-odds of every head for each row; raises `KeyError` without evidence for all groups."""
        return self._logits(words, evidence, words.counts(rows))

    def _logits(
        self, words: Words, evidence: Mapping[str, np.ndarray], counts: Int[np.ndarray, " rows"]
    ) -> Float[np.ndarray, "rows heads"]:
        sums = self.vocabulary.sums(words, self.weights, len(counts))
        sums /= np.sqrt(np.maximum(counts, 1))[:, None].astype(np.float32)
        for group, weights in zip(self.groups, self.group_weights, strict=True):
            spoken = np.flatnonzero(evidence[group])
            sums[spoken] += evidence[group][spoken, None].astype(np.float32) * weights
        return np.asarray(sums + self.bias)

    def columns(
        self,
        words: Words,
        evidence: Mapping[str, Float[np.ndarray, " rows"]],
        rows: int,
        prior: Float[np.ndarray, " rows"] | None = None,
    ) -> dict[str, np.ndarray]:
        """The columns of `Batch` that the heads fill; ``prior`` is added to the log-odds of harm.

        A row without words says nothing: probabilities and severity 0, stance "none".
        """
        counts = words.counts(rows)
        logits = self._logits(words, evidence, counts)
        if prior is not None:
            moved = [k for k, name in enumerate(self.heads) if name.startswith(HARM) or name == "severity"]
            shift = prior.astype(np.float32)
            for head in moved:
                logits[:, head] += shift
        silent = counts == 0
        p = np.rint(0.5 * STEPS * (1 + np.tanh(logits.astype(np.float64) / 2))) / STEPS
        p *= ~silent[:, None]
        by_head = dict(zip(self.heads, p.T, strict=True))
        columns: dict[str, np.ndarray] = {}
        for name, values in by_head.items():
            if name == "severity":
                columns[name] = np.asarray(values * WORST)
            elif name.startswith(TRAIT):
                columns[name] = np.where(silent, 0.0, values * 4 - 2)
            elif not name.startswith(STANCE):
                columns[name] = np.ascontiguousarray(values)
        highest = highest_harm(columns)
        if "severity" in columns and highest is not None:
            columns["severity"] = faded(columns["severity"], highest)
        stances = [by_head.get(STANCE + name) for name in STANCES]
        if any(values is not None for values in stances):
            zero = np.zeros(rows)
            found = np.stack([zero if values is None else values for values in stances])
            columns["stance"], columns["acts"] = _stance(found, silent)
        return columns


def _stance(
    p: Float[np.ndarray, "stances rows"], silent: np.ndarray
) -> tuple[Int[np.ndarray, " rows"], Float[np.ndarray, " rows"]]:
    """The likeliest stance within the likeliest of acts, distant and none; and the share of acts."""
    total = np.maximum(p.sum(0), 1 / STEPS)
    groups = np.stack([p[list(part)].sum(0) for part in (_ACTS, _DISTANT, (_NONE,))]) / total
    inside = np.stack([np.take(part, p[list(part)].argmax(0)) for part in (_ACTS, _DISTANT, (_NONE,))])
    codes = np.take_along_axis(inside, groups.argmax(0)[None], 0)[0].astype(np.int32)
    codes[silent] = _NONE
    return codes, np.where(silent, 0.0, np.rint(groups[0] * STEPS) / STEPS)


class LinearStage:
    """The linear model as a `Stage`: it reads all segments, the lexicon's columns, and ``prior`` if there.

    Fills the columns of the model's heads, ``stage``, ``acts`` (the probability in [0, 1] that the voice
    itself does, praises or teaches harm) and `SUSPICION`. A quoted voice's frame is the stance of the voice
    that quotes it, and "none" at the top.
    """

    name = "linear"
    number = 1

    def __init__(self, model: LinearModel) -> None:
        self.model = model
        self.hash = short_hash(["stage 1", model.hash])

    def run(self, batch: Batch) -> Batch:
        """The batch with the scores of every segment; raises `UsageError` where no lexicon ran before."""
        rows = len(batch.spans)
        missing = [group for group in self.model.groups if TERMS + group not in batch.columns]
        if missing:
            raise UsageError(
                f"no evidence of terms for {', '.join(missing)}", right="the model's own lexicon before it"
            )
        evidence = {group: batch.columns[TERMS + group] for group in self.model.groups}
        columns = self.model.columns(words_of(batch.spans), evidence, rows, batch.columns.get("prior"))
        if "stance" in columns:
            columns["frame"] = frames(batch, columns["stance"])
        columns[SUSPICION] = _suspicion(columns, rows)
        return batch.having({**columns, "stage": np.full(rows, self.number, dtype=np.int32)})


def _suspicion(columns: Mapping[str, np.ndarray], rows: int) -> Float[np.ndarray, " rows"]:
    """The probability that neither the likeliest harm nor an acting stance is there, from one."""
    harms = [values for name, values in columns.items() if name.startswith(HARM)]
    worst = np.max(harms, axis=0) if harms else np.zeros(rows)
    return np.asarray(1 - (1 - worst) * (1 - columns.get("acts", np.zeros(rows))))


def frames(batch: Batch, stance: Int[np.ndarray, " rows"]) -> Int[np.ndarray, " rows"]:
    """The stance of the voice that quotes each segment, "none" where nobody does."""
    spans = batch.spans
    found = np.full(len(spans), _NONE, dtype=np.int32)
    quoted = np.flatnonzero(spans.parent >= 0)
    above = spans.parent[quoted] + np.repeat(spans.first[:-1], np.diff(spans.first))[quoted]
    found[quoted] = stance[above]
    return found


def save_linear(model: LinearModel, folder: str | Path) -> Path:
    """Write ``linear.safetensors`` and, last, ``linear.json`` into a folder; the same model, the same bytes.

    Weights are written as 16-bit floats, which those of `fit_stage1` already are.
    """
    from safetensors.numpy import save

    from eudaimon.core.files import atomic_path

    folder = Path(folder)
    tensors = {
        "keys": model.vocabulary.keys,
        "weights": model.weights.astype(np.float16),
        "bias": model.bias.astype(np.float32),
        "group_weights": model.group_weights.astype(np.float32),
    }
    with atomic_path(folder / WEIGHTS) as temporary:
        temporary.write_bytes(save({name: np.ascontiguousarray(t) for name, t in tensors.items()}))
    about = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "hash": model.hash,
        "heads": list(model.heads),
        "groups": list(model.groups),
        "letters": RULES,
        "record": dict(model.record),
    }
    write_json(folder / MANIFEST, about)
    return folder


def open_linear(folder: str | Path) -> LinearModel:
    """The model in a folder; raises `UsageError` on anything that is none, or not whole."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    folder = Path(folder)
    right = "a folder that `eudaimon curate fit` wrote"
    try:
        about = read_json(folder / MANIFEST)
        if about.get("format") != FORMAT or about.get("format_version") != FORMAT_VERSION:
            raise UsageError(
                f"{folder} holds {about.get('format')} version {about.get('format_version')}",
                right=f"this program reads {FORMAT} version {FORMAT_VERSION}",
            )
        if about["letters"] != RULES:
            raise UsageError(
                f"the model in {folder} spells by rules {about['letters']}, this program by {RULES}",
                right="a model of this version",
                do="eudaimon curate fit",
            )
        tensors = load_file(folder / WEIGHTS)
        weights = tensors["weights"].astype(np.float32)
        model = LinearModel(
            tuple(about["heads"]),
            Vocabulary(tensors["keys"]),
            weights,
            tensors["bias"],
            tuple(about["groups"]),
            tensors["group_weights"],
            about["record"],
        )
    except (KeyError, OSError, ValueError, SafetensorError) as error:
        if isinstance(error, UsageError):
            raise
        raise UsageError(f"{folder} is no linear model or not whole: {error}", right=right) from error
    if model.hash != about["hash"]:
        raise UsageError(f"the weights in {folder} are not those of its manifest", right="a whole folder")
    return model
