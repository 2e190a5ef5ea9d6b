"""Why a text got its score: tokens, layers, dimensions, and the training examples nearest to it."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from eudaimon.core import Pooling, Text, UsageError, plain_text
from eudaimon.models.capture import capture, capture_tokens
from eudaimon.monitor.explained import DimensionPush, Explanation, LayerPush, Neighbour, TokenPush
from eudaimon.monitor.monitor import Examples, Monitor
from eudaimon.monitor.probe import Probe


def explain(monitor: Monitor, text: Text, *, n_neighbours: int = 3, n_dimensions: int = 8) -> Explanation:
    """The verdict on ``text`` with the tokens, layers, dimensions and training examples behind it.

    A token's push is what the consensus loses when the token's activations are left out of the pooling; for a
    probe that reads the last position only, it is how far the read-out rises from the token before to this
    one. Pushes rank tokens and do not add up to the score. Only the first context-full of a longer text is
    explained. Raises `UsageError` for a text that the monitor refuses to read, and for a monitor of answers.
    """
    if monitor.reads == "answer":
        raise UsageError("this monitor reads answers", right="one that reads texts can explain a verdict")
    verdict = monitor.check(text)
    if verdict.stage == "refused":
        raise UsageError(f"there is nothing to explain: {verdict.reason}", right="give a text with content")
    activations = capture(monitor.model, [text], monitor.sites, pooling=monitor.poolings, show_progress=False)
    weights = monitor.stack_weight if monitor.consensus == "stack" else np.ones(len(monitor.probes))
    layers = tuple(
        LayerPush(
            site=str(probe.site),
            pooling=probe.pooling,
            method=probe.method,
            logit=float(weight * probe.logits(activations)[0]),
            threshold=float(weight * probe.threshold),
        )
        for probe, weight in zip(monitor.probes, weights, strict=True)
    )
    first = monitor.probes[0]
    here = activations.at(first.site, first.pooling)[0]
    examples = monitor.examples
    mean = examples.mean if examples is not None else np.zeros_like(here)
    return Explanation(
        verdict=verdict,
        tokens=_tokens(monitor, text, weights),
        layers=layers,
        nearest_safe=_nearest(examples, here, False, n_neighbours),
        nearest_harmful=_nearest(examples, here, True, n_neighbours),
        dimensions=_dimensions(first, mean, here, n_dimensions),
    )


def _tokens(monitor: Monitor, text: Text, weights: np.ndarray) -> tuple[TokenPush, ...]:
    """Each token's part in the consensus."""
    tokens = capture_tokens(monitor.model, [text], monitor.sites, show_progress=False)
    push = np.zeros(len(tokens.values))
    for probe, weight in zip(monitor.probes, weights, strict=True):
        x = tokens.values[:, tokens.sites.index(probe.site)]
        if probe.pooling == "last":
            read = probe.read(x)
            push += weight * np.diff(read, prepend=read[0])
        else:
            whole, without = _left_out(x, probe.pooling)
            push += weight * (probe.read(whole[None]) - probe.read(without))
    plain = plain_text(text)
    return tuple(
        TokenPush(text=plain[start:end], start=int(start), end=int(end), push=float(value))
        for (start, end), value in zip(tokens.spans, push, strict=True)
    )


def _left_out(
    x: Float[np.ndarray, "t d"], pooling: Pooling
) -> tuple[Float[np.ndarray, "d"], Float[np.ndarray, "t d"]]:
    """The mean, max or softmax of the tokens, and that of the others for each; one token leaves zeros."""
    x = x.astype(np.float64)
    if len(x) == 1:
        return x[0], np.zeros_like(x)
    if pooling == "mean":
        return x.mean(axis=0), (x.sum(axis=0) - x) / (len(x) - 1)
    second, first = np.sort(x, axis=0)[-2:]
    if pooling == "max":
        return first, np.where(x == first, second, first)
    total, weighted, weights = _softmax_sums(x, first)
    whole = weighted / total
    # Without the largest value nothing may be left of the sums but rounding: it gets sums of its own.
    top = np.arange(len(x))[:, None] == x.argmax(axis=0)
    own_total, own_weighted, _ = _softmax_sums(np.where(top, -np.inf, x), second)
    left = np.where(top, own_total, total - weights)
    return whole, np.where(top, own_weighted, weighted - weights * x) / left


def _softmax_sums(
    x: Float[np.ndarray, "t d"], largest: Float[np.ndarray, "d"]
) -> tuple[Float[np.ndarray, "d"], Float[np.ndarray, "d"], Float[np.ndarray, "t d"]]:
    """The sum of exponentials, the sum of values weighted by them, and the exponentials; -inf is left out."""
    weights = np.exp(x - largest)
    return weights.sum(axis=0), (weights * np.where(np.isneginf(x), 0, x)).sum(axis=0), weights


def _nearest(examples: Examples | None, x: np.ndarray, harmful: bool, k: int) -> tuple[Neighbour, ...]:
    if examples is None:
        return ()
    standard = (x - examples.mean) / examples.scale
    rows = np.flatnonzero(np.array(examples.harmful) == harmful)
    features = examples.features[rows]
    norms = np.linalg.norm(features, axis=1) * np.linalg.norm(standard)
    similarity = features @ standard / np.maximum(norms, 1e-12)
    best = np.argsort(-similarity, kind="stable")[:k]
    return tuple(
        Neighbour(
            text=examples.texts[rows[row]],
            source=examples.sources[rows[row]],
            harmful=harmful,
            similarity=float(similarity[row]),
        )
        for row in best
    )


def _dimensions(probe: Probe, mean: np.ndarray, x: np.ndarray, k: int) -> tuple[DimensionPush, ...]:
    """The dimensions whose distance from the training mean moves the read-out most, to first order."""
    push = (x - mean) * probe.gradient(x)
    best = np.argsort(-np.abs(push), kind="stable")[:k]
    return tuple(DimensionPush(site=str(probe.site), index=int(i), push=float(push[i])) for i in best)
