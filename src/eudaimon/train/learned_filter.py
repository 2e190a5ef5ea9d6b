"""Labels of a learned filter: a small classifier of what voices say, at a stated recall."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cache, partial
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
from jaxtyping import Bool, Float

from eudaimon.core.document import Document, Segment
from eudaimon.core.errors import UsageError
from eudaimon.core.score import Score
from eudaimon.measure.intervals import wilson
from eudaimon.train.chance import uniform
from eudaimon.train.labels import Labels, good_personas_of_the_town, is_good, segments
from eudaimon.train.spans import Spans, united, without

N_FEATURES = 2**18
LEAST = 20
"""Bad segments that each of the three parts needs: below, neither fit nor threshold nor figures mean much."""

Scorer: TypeAlias = Callable[[str], float]
Part: TypeAlias = list[tuple[str, Segment]]


def filtered(
    documents: Iterable[Document],
    *,
    recall: float,
    seed: int,
    precision: float = 0.0,
    good_personas: Collection[str] | None = None,
) -> Labels:
    """Labels by a filter that finds the share ``recall``, in (0, 1], of bad segments, and errs as filters do.

    Logistic regression on hashed word 1-2 grams of what a voice says itself (after what stands before it on
    its line) is fitted on half of ``documents``; on a quarter, the threshold is set at which the stated share
    of bad segments is found; on the last quarter, ``report`` says what it does: recall, precision and
    false-positive rate, and the same for good personas (a second classifier, at even odds), each with its
    Wilson interval over segments. Documents are divided whole. Where voices begin and end is taken from the
    documents that are labelled; who speaks and with which intent is not. Fit on others than are trained on.

    Raises `UsageError` when there are too few bad or other segments, on a recall out of range, and when the
    achieved precision is surely below ``precision``.
    """
    if not 0 < recall <= 1:
        raise UsageError(
            f"a filter cannot have a recall of {recall:g}", right="a share in (0, 1]", do="recall=0.8"
        )
    names = frozenset(good_personas_of_the_town() if good_personas is None else good_personas)
    fit, calibrate, held_out = _parts(documents, seed)
    for part in (fit, calibrate, held_out):
        _require(part)
    bad_score = _fitted(fit, [s.bad for _, s in fit], seed)
    threshold = _threshold(np.array([bad_score(text) for text, segment in calibrate if segment.bad]), recall)
    good_score = _fitted(fit, [is_good(s, names) for _, s in fit], seed)
    report = {
        **_figures(held_out, lambda text: bad_score(text) >= threshold, lambda s: s.bad, ""),
        **_figures(held_out, lambda text: good_score(text) > 0, lambda s: is_good(s, names), "good_"),
    }
    if "precision" in report and (report["precision"].high or 0) < precision:
        raise UsageError(
            f"at recall {recall:g} this filter's precision is {report['precision']}, not {precision:g}",
            right="a lower recall, a lower precision, or more documents to fit on",
        )

    def where(document: Document, found: Callable[[str], bool]) -> Spans:
        said = _said(document)
        return united((s.start, s.end) for text, s in said if found(text))

    return Labels(
        f"filtered({recall:g})",
        bad=lambda document: where(document, lambda text: bad_score(text) >= threshold),
        good=lambda document: where(
            document, lambda text: good_score(text) > 0 and bad_score(text) < threshold
        ),
        report=MappingProxyType(report),
    )


def _said(document: Document) -> Part:
    """What each voice says itself, after what stands before it on its line; white space alone is left out."""
    said = []
    voices = segments(document)
    for segment in voices:
        quoted = united((max(s.start, segment.start), s.end) for s in voices if _within(s, segment))
        words = without(document.text, (*quoted, (segment.end, len(document.text))))[segment.start :]
        line = document.text.rfind("\n", 0, segment.start) + 1
        ended = max((s.end for s in voices if s.end <= segment.start), default=0)
        if words.strip():
            said.append((document.text[max(line, ended) : segment.start] + words, segment))
    return said


def _within(inner: Segment, outer: Segment) -> bool:
    return (
        inner is not outer
        and outer.start <= inner.start
        and inner.end <= outer.end
        and (inner.start, inner.end) != (outer.start, outer.end)
    )


def _parts(documents: Iterable[Document], seed: int) -> tuple[Part, Part, Part]:
    """Half, a quarter and a quarter of the documents."""
    parts: tuple[Part, Part, Part] = ([], [], [])
    for document in documents:
        chance = uniform(seed, "filter", document.id)
        parts[0 if chance < 0.5 else 1 if chance < 0.75 else 2].extend(_said(document))
    return parts


def _require(part: Part) -> None:
    n_bad = sum(segment.bad for _, segment in part)
    if min(n_bad, len(part) - n_bad) < LEAST:
        raise UsageError(
            f"a part of the filter's documents has {n_bad} bad segments and {len(part) - n_bad} others",
            right=f"at least {LEAST} of each in the parts for fitting, calibration and testing",
            do="more documents",
        )


def _fitted(part: Part, labels: Sequence[bool], seed: int) -> Scorer:
    """Log-odds of a text, remembered; a text has the same score to the last bit, however it is asked."""
    from sklearn.feature_extraction.text import HashingVectorizer
    from sklearn.linear_model import LogisticRegression

    if len(set(labels)) == 1:
        constant = math.inf if labels[0] else -math.inf
        return lambda text: constant
    grams = HashingVectorizer(
        n_features=N_FEATURES, ngram_range=(1, 2), alternate_sign=False, token_pattern=r"(?u)\b\w+\b"
    )
    model = LogisticRegression(C=10.0, class_weight="balanced", max_iter=1000, random_state=seed)
    model.fit(grams.transform([text for text, _ in part]), list(labels))
    weights, bias = model.coef_[0], float(model.intercept_[0])
    analyse, columns = grams.build_analyzer(), cache(partial(_column, n_features=N_FEATURES))

    # One text by the vectoriser takes 170 us, this 10: a corpus is scored one document at a time.
    @cache
    def score(text: str) -> float:
        found = Counter(map(columns, analyse(text)))
        norm = math.sqrt(sum(n * n for n in found.values())) or 1.0
        return sum(float(weights[column]) * n for column, n in found.items()) / norm + bias

    return score


def _column(gram: str, n_features: int) -> int:
    """Where scikit-learn's `HashingVectorizer` counts this n-gram."""
    from sklearn.utils import murmurhash3_32

    return abs(int(murmurhash3_32(gram, seed=0))) % n_features


def _threshold(scores: Float[np.ndarray, "n"], recall: float) -> float:
    """The highest score at which at least the share ``recall`` of bad segments is found."""
    return float(np.sort(scores)[::-1][math.ceil(recall * len(scores)) - 1])


def _figures(
    part: Part, found: Callable[[str], bool], true: Callable[[Segment], bool], prefix: str
) -> dict[str, Score]:
    """Recall, precision and false-positive rate where they are defined."""
    said: Bool[np.ndarray, "n"] = np.array([found(text) for text, _ in part])
    is_so: Bool[np.ndarray, "n"] = np.array([true(segment) for _, segment in part])
    hits = int((said & is_so).sum())
    shares = {
        "recall": (hits, int(is_so.sum()), "share of true segments"),
        "precision": (hits, int(said.sum()), "share of flagged segments"),
        "false_positive_rate": (int((said & ~is_so).sum()), int((~is_so).sum()), "share of other segments"),
    }
    return {f"{prefix}{name}": wilson(k, n, unit) for name, (k, n, unit) in shares.items() if n}
