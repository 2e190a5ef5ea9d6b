"""Fit a monitor: probes on train sources, choices on calibration sources, thresholds on held-out benign rows.

`eudaimon.monitor.preparation` keeps the roles of rows apart; here probes are fitted, chosen and joined.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from math import ceil
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from eudaimon import __version__
from eudaimon.core import NotEnoughCalibration, Score, Site, UsageError
from eudaimon.data.query import Query, data_hash
from eudaimon.measure.conformal import Threshold, conformal_threshold, items_needed, worst_source_threshold
from eudaimon.measure.ranking import auroc
from eudaimon.models.activations import Activations
from eudaimon.models.model import Model
from eudaimon.monitor.categories import fit_categories
from eudaimon.monitor.monitor import Examples, Monitor
from eudaimon.monitor.preparation import (
    CHOOSING_COINS,
    FitOptions,
    Prepared,
    prepare,
    sets_threshold,
)
from eudaimon.monitor.probe import Probe, fit_kernel, linear_probe
from eudaimon.vectors.direction import Direction
from eudaimon.vectors.fit import fit_direction
from eudaimon.vectors.layer_sweep import Sweep, SweepRow, TrainingRows, sweep
from eudaimon.vectors.registry import method
from eudaimon.vectors.standardise import moments
from eudaimon.vectors.weights import source_weights

TOP_DIMENSIONS = 12
SWEEP_STRENGTH = 0.03
SOURCE_POWER = 0.5
"""A source counts as the square root of its size: fifty rows must not count as much as a thousand."""


def fit(
    model: Model,
    train: Sequence[Query],
    calibration: Sequence[Query],
    options: FitOptions | None = None,
) -> Monitor:
    """A monitor of ``model`` that flags benign text at most at the stated rate.

    Raises `NotEnoughCalibration` when the benign calibration rows are too few for the rate, and `UsageError`
    when a split lacks a label or a source stands in both.
    """
    options = options or FitOptions()
    _require(train, calibration)
    for site in options.sites or ():
        model.check_site(site)
    _require_enough(calibration, options.target_fpr)
    prepared = prepare(model, train, calibration, options)
    return fit_prepared(model, prepared, options)


def fit_prepared(model: Model, prepared: Prepared, options: FitOptions) -> Monitor:
    """The monitor from activations that are already there."""
    if not options.strengths and not options.kernel_strengths:
        raise UsageError("there is no probe to fit", right="some strengths or some kernel strengths")
    choosing = prepared.calibration_activations.take(prepared.chooses)
    choosing_y = prepared.calibration_y[prepared.chooses]
    rows = TrainingRows(
        prepared.train_activations,
        prepared.train_y,
        sources=[query.source for query in prepared.train],
        data_hash=data_hash(prepared.train),
    )
    swept = sweep(
        rows,
        choosing,
        choosing_y,
        methods=tuple(dict.fromkeys((*options.sweep_methods, "logistic"))),
        options={"logistic": {"c": SWEEP_STRENGTH}},
        balance="root",
        seed=options.seed,
    )
    chosen = choose(swept, options.n_layers)
    probes = [probe for row in chosen for probe in _probes(row, prepared, choosing, choosing_y, options)]
    weight, bias = _stack(probes, choosing, choosing_y)
    probes = [_with_threshold(probe, prepared, options.target_fpr) for probe in probes]
    monitor = Monitor(
        model=model,
        probes=tuple(probes),
        consensus=options.consensus,
        stack_weight=weight,
        stack_bias=bias,
        threshold=Threshold(1.0, options.target_fpr, 0, 1.0),
        categories=fit_categories(prepared, probes[0], target_fpr=options.target_fpr, seed=options.seed),
        examples=_examples(prepared, probes[0]) if options.keep_examples else None,
        record=_record(model, prepared, options, swept, chosen),
        reads=options.reads,
    )
    return monitor.with_threshold(calibrate(monitor, prepared, options))


def calibrate(monitor: Monitor, prepared: Prepared, options: FitOptions) -> Threshold:
    """The conformal threshold on the benign calibration rows that chose nothing.

    Raises `UsageError` where it would lie above every score, under which everything passes.
    """
    rows = ~prepared.chooses
    scores = monitor.score_activations(prepared.calibration_activations.take(rows))
    if options.worst_source:
        sources = np.array([query.source for query in prepared.calibration])[rows]
        threshold = worst_source_threshold(scores, sources, options.target_fpr)
    else:
        threshold = conformal_threshold(scores, options.target_fpr)
    if threshold.value > 1:
        raise UsageError(
            f"more than {options.target_fpr:.3g} of the benign calibration rows have the highest score there "
            "is: no text could be flagged",
            right="benign calibration rows that the probes tell from harmful ones",
            do="look at the benign calibration rows for harmful ones, or ask for a higher rate",
        )
    return threshold


def choose(swept: Sweep, n_layers: int) -> list[SweepRow]:
    """The best pooling of each layer by the logistic method's AUROC, then the best layers, best first.

    The embedding layer knows words and not their order; it is a baseline and never chosen.
    """
    best: dict[Site, SweepRow] = {}
    for row in swept.rows:
        if row.site.layer == 0 or row.method != "logistic":
            continue
        known = best.get(row.site)
        if known is None or row.auroc.value > known.auroc.value:
            best[row.site] = row
    ranked = sorted(best.values(), key=lambda row: (-row.auroc.value, row.site))
    if not ranked:
        raise UsageError("only the embedding layer was swept", right="at least one block", do="--sites 1,2,3")
    return ranked[:n_layers]


def _probes(
    row: SweepRow,
    prepared: Prepared,
    choosing: Activations,
    choosing_y: Bool[np.ndarray, "m"],
    options: FitOptions,
) -> list[Probe]:
    """A logistic and a kernel probe at the row's site, each at its best strength on the choosing rows."""
    x, y = prepared.train_activations.at(row.site, row.pooling), prepared.train_y
    weights = source_weights(y, [query.source for query in prepared.train], SOURCE_POWER)

    def best(candidates: list[Probe]) -> Probe:
        return max(candidates, key=lambda probe: auroc(choosing_y, probe.logits(choosing)))

    found = []
    if options.strengths:
        fits = [method("logistic")(x, y, seed=options.seed, weights=weights, c=c) for c in options.strengths]
        found.append(best([linear_probe(row.site, row.pooling, "logistic", fitted) for fitted in fits]))
    if options.kernel_strengths:
        found.append(
            best(
                [
                    fit_kernel(x, y, row.site, row.pooling, c=c, weights=weights, seed=options.seed)
                    for c in options.kernel_strengths
                ]
            )
        )
    return found


def _stack(
    probes: Sequence[Probe], choosing: Activations, choosing_y: Bool[np.ndarray, "m"]
) -> tuple[Float[np.ndarray, "probes"], float]:
    """Weights and bias of the probes' mean, each in its own standard deviations, scaled to logits.

    Equal weights: learned ones follow the few harmful sources of calibration and did worse on other sources.
    """
    from sklearn.linear_model import LogisticRegression

    read = np.stack([probe.logits(choosing) for probe in probes], axis=1)
    weight = 1 / (np.maximum(read.std(axis=0), 1e-12) * len(probes))
    joined = (read @ weight)[:, None]
    # Regularised: on rows that the probes separate the slope would grow until all scores round to 0 or 1.
    platt = LogisticRegression(C=1.0, class_weight="balanced").fit(joined, choosing_y)
    slope = max(float(platt.coef_[0, 0]), 1e-6)
    return weight * slope, float(platt.intercept_[0])


def _with_threshold(probe: Probe, prepared: Prepared, target_fpr: float) -> Probe:
    benign = prepared.calibration_activations.take(~prepared.chooses)
    return probe.with_threshold(conformal_threshold(probe.logits(benign), target_fpr).value)


def _examples(prepared: Prepared, probe: Probe) -> Examples:
    own = prepared.own_train
    x = prepared.train_activations.at(probe.site, probe.pooling)[prepared.own].astype(np.float64)
    mean, deviation = moments(x, np.ones(len(x)))
    return Examples(
        texts=tuple(query.plain for query in own),
        harmful=tuple(query.harmful for query in own),
        sources=tuple(query.source for query in own),
        # As they are stored: what is nearest must be the same before the monitor is saved and after.
        features=((x - mean) / deviation).astype(np.float16).astype(np.float32),
        mean=mean.astype(np.float32),
        scale=deviation.astype(np.float32),
    )


def _record(
    model: Model, prepared: Prepared, options: FitOptions, swept: Sweep, chosen: Sequence[SweepRow]
) -> dict[str, Any]:
    """What a reader of the monitor's file must know, as JSON values."""
    best = chosen[0]
    direction = fit_direction(
        prepared.train_activations, prepared.train_y, best.site, "mean_difference", pooling=best.pooling
    )
    originals = prepared.own_train
    points = swept.records()
    marked = {(row.site, row.method, row.pooling) for row in chosen}
    for point, row in zip(points, swept.rows, strict=True):
        point["chosen"] = (row.site, row.method, row.pooling) in marked
        point |= {key: value.model_dump() for key, value in point.items() if isinstance(value, Score)}
    return {
        "binding": model.binding.model_dump(),
        "eudaimon": __version__,
        "n_altered_copies": prepared.n_altered,
        "train": {"hash": data_hash(originals), **_counts(originals)},
        "calibration": {"hash": data_hash(prepared.calibration), **_counts(prepared.calibration)},
        "choice": "layers, poolings and strengths by AUROC on a third of the benign and on all harmful "
        "calibration rows; thresholds on the other benign rows",
        "options": {
            **asdict(options),
            "sites": None if options.sites is None else list(map(str, options.sites)),
        },
        "sweep": points,
        "dimensions": _dimensions(direction, prepared),
        "category_rows": dict(Counter(query.category for query in originals if query.category)),
    }


def _dimensions(direction: Direction, prepared: Prepared) -> list[dict[str, Any]]:
    """The dimensions that weigh most in the mean difference, with the class means there in training SD."""
    x = prepared.train_activations.at(direction.site, direction.pooling).astype(np.float64)
    mean, deviation = moments(x, np.ones(len(x)))
    z = (x - mean) / deviation
    top = np.argsort(-np.abs(direction.vector), kind="stable")[:TOP_DIMENSIONS]
    return [
        {
            "site": str(direction.site),
            "index": int(index),
            "weight": float(direction.vector[index]),
            "safe_mean": float(z[~prepared.train_y, index].mean()),
            "harmful_mean": float(z[prepared.train_y, index].mean()),
        }
        for index in top
    ]


def _counts(queries: Sequence[Query]) -> dict[str, Any]:
    counts: dict[str, dict[str, int]] = {}
    for query in queries:
        counts.setdefault(query.source, {"safe": 0, "harmful": 0})[query.label] += 1
    return {"sources": counts}


def _require_enough(calibration: Sequence[Query], target_fpr: float) -> None:
    """Told before an hour of reading texts, and in benign rows that somebody must add."""
    sets, needed = int(sets_threshold(calibration).sum()), items_needed(target_fpr)
    n_benign = sum(not query.harmful for query in calibration)
    if sets < needed:
        raise NotEnoughCalibration(
            f"{sets} of {n_benign} benign calibration rows set the threshold (the others choose): too few "
            f"for a false-positive rate of {target_fpr:.3g}: {needed - sets} are missing",
            right=f"at least {needed}, hence about {ceil(needed * 256 / (256 - CHOOSING_COINS))} benign rows",
            do="add benign calibration rows, or ask for a higher rate",
        )
    if sets == n_benign:
        raise NotEnoughCalibration(
            "no benign calibration row is left to choose layers: 1 is missing",
            right=f"about a third of the benign calibration rows (there are {n_benign})",
            do="add benign calibration rows",
        )


def _require(train: Sequence[Query], calibration: Sequence[Query]) -> None:
    for name, rows in (("train", train), ("calibration", calibration)):
        for label, present in (
            ("safe", not all(q.harmful for q in rows)),
            ("harmful", any(q.harmful for q in rows)),
        ):
            if not present:
                raise UsageError(f"there are no {label} rows in {name}", right="both labels in both splits")
    shared = {query.source for query in train} & {query.source for query in calibration}
    if shared:
        raise UsageError(
            f"sources stand in both train and calibration: {', '.join(sorted(shared))}",
            right="the split is by source",
            do="--calibration-source NAME for sources that are not trained on",
        )
