"""Fitting stage 1: n-grams chosen by what they tell, all heads at once, calibrated on held-out rows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from eudaimon.core.document import Document, Segment
from eudaimon.core.errors import UsageError
from eudaimon.core.identity import short_hash
from eudaimon.core.progress import progress
from eudaimon.curate.labelled.segment import LabelledSegment
from eudaimon.curate.stages.alone import with_alone
from eudaimon.curate.stages.lexicon import Lexicon
from eudaimon.curate.stages.linear import LinearModel
from eudaimon.curate.stages.linear_labels import Labels, labels_of
from eudaimon.curate.stages.ngrams import MOST, Vocabulary, ngrams
from eudaimon.curate.stages.spans import spans_of
from eudaimon.curate.stages.terms import shipped_terms
from eudaimon.curate.stages.words import words_of

_AT_ONCE = 4096
_MOST_16_BIT = 60_000
_HELD_OUT = 5  # one group in so many


@dataclass(frozen=True)
class LinearRecipe:
    """How stage 1 is fitted.

    ``n_ngrams`` most of the vocabulary; ``min_rows`` rows that an n-gram must be in; ``l2`` weight of the
    squared weights beside the mean loss of a head; ``balance`` 0 to 1: how far the rarer answer of a head is
    made up for by weight (calibration undoes what this does to probabilities); ``steps`` of L-BFGS.
    """

    n_ngrams: int = MOST
    min_rows: int = 3
    l2: float = 3e-6
    balance: float = 0.5
    steps: int = 150


def fit_stage1(
    segments: Sequence[LabelledSegment],
    seed: int = 0,
    *,
    recipe: LinearRecipe = LinearRecipe(),
    lexicon: Lexicon | None = None,
    show_progress: bool = True,
) -> LinearModel:
    """The linear model that labelled segments teach: ``train`` rows its weights, ``calibration`` rows its
    probabilities; ``test`` rows are not looked at.

    Without calibration rows a fifth of the groups is held out for it, drawn by ``seed``. A question becomes a
    head where enough rows answer it both ways (`eudaimon.curate.stages.linear_labels.LEAST`). The same
    segments, seed, recipe and lexicon (the shipped one by default) give the same bytes on one machine. Raises
    `UsageError` when no question can be learnt. The record says how far the model's word is lowered where no
    later stage looks again (`eudaimon.curate.stages.alone.with_alone`).
    """
    lexicon = Lexicon(shipped_terms()) if lexicon is None else lexicon
    used = [row for row in segments if row.split != "test" and row.weight > 0]
    held_out = _held_out(used, seed)
    labels = labels_of(used, learnable_from=~held_out)
    if not labels.heads:
        raise UsageError(
            f"{len(used)} labelled segments answer no question often enough to learn from",
            right="rows with harm, severity, stance or hazard, of either answer",
        )
    with progress("stage 1", 3 + recipe.steps, "steps", enabled=show_progress) as advance:
        rows, hashes, lengths, evidence = _all_ngrams(used, lexicon)
        advance(1)
        vocabulary, owner, number = _chosen(rows, hashes, labels, ~held_out, recipe)
        advance(1)
        x = _matrix(owner, number, lengths, len(vocabulary.keys), evidence)
        weights, bias = _solve(x[~held_out], labels.part(~held_out), recipe, advance)
        slope, shift = _calibration(x[held_out] @ weights + bias, labels.part(held_out))
        advance(1)
    record = {
        "recipe": asdict(recipe),
        "seed": seed,
        "n_train": int((~held_out).sum()),
        "n_calibration": int(held_out.sum()),
        "heads": labels.counts(~held_out),
        "calibration": {
            name: [float(a), float(b)] for name, a, b in zip(labels.heads, slope, shift, strict=True)
        },
        "lexicon": lexicon.hash,
        "sources": sorted({row.source for row in used}),
        "data": short_hash([repr(row) for row in used]),
    }
    # Rounded here, so that the model that was fitted is the one that is saved.
    weights, of_groups = np.split(weights * slope, [len(vocabulary.keys)])
    model = LinearModel(
        labels.heads,
        vocabulary,
        np.clip(weights, -_MOST_16_BIT, _MOST_16_BIT).astype(np.float16).astype(np.float32),
        (bias * slope + shift).astype(np.float32),
        lexicon.groups,
        of_groups.astype(np.float32),
        record,
    )
    return with_alone(model, [row for row, held in zip(used, held_out, strict=True) if held], lexicon)


def _held_out(rows: Sequence[LabelledSegment], seed: int) -> np.ndarray:
    if any(row.split == "calibration" for row in rows):
        return np.array([row.split == "calibration" for row in rows])

    def draw(row: LabelledSegment) -> int:
        return hashlib.sha256(f"{seed}\n{row.source}\n{row.group}".encode("utf-8", "replace")).digest()[0]

    return np.array([draw(row) % _HELD_OUT == 0 for row in rows], dtype=bool)


def _all_ngrams(
    rows: Sequence[LabelledSegment], lexicon: Lexicon
) -> tuple[Int[np.ndarray, " found"], np.ndarray, Int[np.ndarray, " rows"], Float[np.ndarray, "rows groups"]]:
    """The row and hash of every n-gram of every row, how many words each row has, and what its terms say."""
    owners, hashes, lengths, evidence = [], [], [], []
    for start in range(0, len(rows), _AT_ONCE):
        part = rows[start : start + _AT_ONCE]
        documents = [Document("", row.text, {}, (Segment(0, len(row.text), "narrator"),)) for row in part]
        words = words_of(spans_of(documents))
        for found, where in ngrams(words):
            owners.append(words.owner[where] + start)
            hashes.append(found)
        lengths.append(words.counts(len(part)))
        spoken = lexicon.evidence(words, len(part))
        evidence.append(np.stack([spoken[group] for group in lexicon.groups], axis=1))
    return (
        np.concatenate(owners),
        np.concatenate(hashes),
        np.concatenate(lengths),
        np.concatenate(evidence).astype(np.float32),
    )


def _chosen(
    rows: Int[np.ndarray, " found"],
    hashes: np.ndarray,
    labels: Labels,
    learnable: np.ndarray,
    recipe: LinearRecipe,
) -> tuple[Vocabulary, Int[np.ndarray, " kept"], Int[np.ndarray, " kept"]]:
    """The n-grams whose rows differ most from what chance would give, on any head."""
    keys, number = np.unique(hashes, return_inverse=True)
    x = _binary(rows, number, len(learnable), len(keys))[learnable]
    often = np.asarray(x.sum(0)).ravel()
    common = np.flatnonzero(often >= recipe.min_rows)
    surprise = np.zeros(len(common))
    part, transposed = labels.part(learnable), x[:, common].T.tocsr()
    for head in range(len(labels.heads)):
        known, values = part.weight[:, head] > 0, part.value[:, head]
        mean = values[known].mean()
        spread = values[known].std() + 1e-6
        residual = np.where(known, values - mean, 0)
        seen = transposed @ known.astype(np.float32)
        surprise = np.maximum(
            surprise, np.abs(transposed @ residual.astype(np.float32)) / (spread * np.sqrt(seen + 1))
        )
    order = common[np.lexsort((keys[common], -surprise))]
    vocabulary = Vocabulary.fitting(keys[order], recipe.n_ngrams)
    place = np.full(len(keys), -1, dtype=np.int64)
    place[np.searchsorted(keys, vocabulary.keys)] = np.arange(len(vocabulary.keys))
    found = place[number]
    kept = found >= 0
    return vocabulary, rows[kept], found[kept]


def _binary(rows: np.ndarray, columns: np.ndarray, n_rows: int, n_columns: int) -> Any:
    from scipy.sparse import csr_array

    x = csr_array((np.ones(len(rows), dtype=np.float32), (rows, columns)), shape=(n_rows, n_columns))
    x.data[:] = 1
    return x


def _matrix(
    rows: np.ndarray, columns: np.ndarray, lengths: np.ndarray, n_columns: int, evidence: np.ndarray
) -> Any:
    from scipy.sparse import csr_array, hstack

    values = (1 / np.sqrt(np.maximum(lengths, 1)))[rows].astype(np.float32)
    counted = csr_array((values, (rows, columns)), shape=(len(lengths), n_columns))
    return hstack([counted, csr_array(evidence)], format="csr")


def _solve(
    x: Any, labels: Labels, recipe: LinearRecipe, advance: Callable[[int], None]
) -> tuple[np.ndarray, np.ndarray]:
    """Weights and biases at the least mean cross-entropy of every head plus the penalty."""
    from scipy.optimize import minimize

    n_columns, n_heads = x.shape[1], len(labels.heads)
    weight = labels.balanced(recipe.balance)
    weight = (weight / weight.sum(0)).astype(np.float32)
    value = labels.value.astype(np.float32)
    transposed = x.T.tocsr()

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        w = flat.reshape(n_columns + 1, n_heads)
        z = (x @ w[:-1].astype(np.float32)) + w[-1].astype(np.float32)
        # log(1 + e^z) - y z, without overflow.
        each = np.maximum(z, 0) - z * value + np.log1p(np.exp(-np.abs(z)))
        error = weight * (0.5 * (1 + np.tanh(z / 2)) - value)
        slope = np.empty_like(w)
        slope[:-1] = transposed @ error + 2 * recipe.l2 * w[:-1]
        slope[-1] = error.sum(0)
        total = float((weight * each).sum(dtype=np.float64)) + recipe.l2 * float((w[:-1] ** 2).sum())
        return total, slope.ravel()

    result = minimize(
        loss,
        np.zeros((n_columns + 1) * n_heads),
        jac=True,
        method="L-BFGS-B",
        callback=lambda _: advance(1),
        options={"maxiter": recipe.steps, "maxcor": 8},
    )
    w = result.x.reshape(n_columns + 1, n_heads)
    return w[:-1].astype(np.float32), w[-1].astype(np.float32)


def _calibration(
    logits: Float[np.ndarray, "rows heads"], labels: Labels
) -> tuple[Float[np.ndarray, " heads"], Float[np.ndarray, " heads"]]:
    """Slope and shift of each head's log-odds at the least loss on held-out rows; 1 and 0 where too few."""
    slope, shift = np.ones(len(labels.heads)), np.zeros(len(labels.heads))
    for head in range(len(labels.heads)):
        weight, value = labels.weight[:, head], labels.value[:, head]
        if labels.enough(head):
            slope[head], shift[head] = _platt(logits[:, head].astype(np.float64), value, weight)
    return slope.astype(np.float32), shift.astype(np.float32)


def _platt(z: np.ndarray, value: np.ndarray, weight: np.ndarray) -> tuple[float, float]:
    """Logistic regression of the answers on the log-odds alone; a slope below 0 would turn the head round."""
    from scipy.optimize import minimize

    def loss(theta: np.ndarray) -> tuple[float, np.ndarray]:
        logits = theta[0] * z + theta[1]
        each = np.maximum(logits, 0) - logits * value + np.log1p(np.exp(-np.abs(logits)))
        error = weight * (0.5 * (1 + np.tanh(logits / 2)) - value)
        # One imagined row's pull to slope 1 and shift 0, for answers that the head parts without a fault.
        total = float((weight * each).sum()) + 0.01 * float((theta[0] - 1) ** 2 + theta[1] ** 2)
        return total, np.array([(error * z).sum() + 0.02 * (theta[0] - 1), error.sum() + 0.02 * theta[1]])

    result = minimize(
        loss, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=[(0, None), (None, None)]
    )
    return float(result.x[0]), float(result.x[1])
