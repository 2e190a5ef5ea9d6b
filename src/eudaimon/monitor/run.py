"""Runs: a monitor fitted into a file, evaluated into a folder, taken up again where it was interrupted."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from eudaimon import __version__
from eudaimon.core import Pooling, Site, UsageError, short_hash
from eudaimon.core.files import sha256_file, write_json
from eudaimon.data.query import data_hash
from eudaimon.data.selection import Selection, select, select_test
from eudaimon.data.splits import Splits
from eudaimon.models.model import Model
from eudaimon.monitor.cascade import Cascade
from eudaimon.monitor.evaluation import Options, evaluate
from eudaimon.monitor.fitting import fit
from eudaimon.monitor.monitor import Consensus, Monitor
from eudaimon.monitor.preparation import FitOptions
from eudaimon.monitor.reading import Reads
from eudaimon.monitor.records import EvaluationRecord
from eudaimon.monitor.run_folder import RunFolder
from eudaimon.monitor.run_info import collect_run_info, data_uses
from eudaimon.monitor.storage import load_monitor, save_monitor
from eudaimon.vectors.registry import METHODS

MONITOR = "monitor.safetensors"
EVALUATION = "evaluation.json"
PROBES = ("logistic", "kernel")


def fit_options(
    *,
    target_fpr: float = FitOptions.target_fpr,
    worst_source: bool = FitOptions.worst_source,
    probes: Sequence[str] = (),
    sweep_methods: Sequence[str] = (),
    poolings: Sequence[Pooling] = (),
    sites: Sequence[Site] | None = None,
    n_layers: int | None = None,
    consensus: Consensus = FitOptions.consensus,
    augment: bool = FitOptions.augment,
    keep_examples: bool = FitOptions.keep_examples,
    seed: int = FitOptions.seed,
    reads: Reads = FitOptions.reads,
) -> FitOptions:
    """The options of a fit, with everything that is not given at its default.

    ``probes`` are the kinds fitted at each chosen layer, ``logistic`` and ``kernel``; ``sweep_methods`` those
    shown beside the logistic one in the layer sweep. Raises `UsageError` for unknown names and for a rate
    outside of (0, 1).
    """
    if not 0 < target_fpr < 1:
        raise UsageError(f"a false-positive rate of {target_fpr}", right="a rate between 0 and 1", do="0.01")
    for given, known in ((probes, PROBES), (sweep_methods, tuple(METHODS))):
        unknown = [name for name in given if name not in known]
        if unknown:
            raise UsageError(
                f"there is no method {', '.join(unknown)}", right=f"one or more of {', '.join(known)}"
            )
    return FitOptions(
        target_fpr=target_fpr,
        worst_source=worst_source,
        sweep_methods=tuple(sweep_methods) or FitOptions.sweep_methods,
        poolings=tuple(poolings) or FitOptions.poolings,
        sites=tuple(sites) if sites else None,
        strengths=FitOptions.strengths if not probes or "logistic" in probes else (),
        kernel_strengths=FitOptions.kernel_strengths if not probes or "kernel" in probes else (),
        n_layers=n_layers or FitOptions.n_layers,
        consensus=consensus,
        augment=augment,
        keep_examples=keep_examples,
        seed=seed,
        reads=reads,
    )


def fit_run(model: Model, splits: Splits, out: str | Path, options: FitOptions | None = None) -> Monitor:
    """The monitor fitted on train and calibration rows, written to ``out``; raises as `fit` does."""
    monitor = fit(model, splits.train, splits.calibration, options)
    save_monitor(monitor, out)
    return monitor


def evaluation_splits(selection: Selection) -> Splits:
    """The splits to evaluate on; files without any split named are all test rows of a packaged monitor."""
    if selection.files and not selection.names_splits:
        return select_test(selection)
    return select(selection)


def evaluate_run(
    monitor: Monitor,
    splits: Splits,
    folder: str | Path,
    *,
    command: str,
    options: Options | None = None,
    cascade: Cascade | None = None,
) -> EvaluationRecord:
    """The record of an evaluation, also written to ``folder`` as ``evaluation.json``.

    Raises as `evaluate` does, and `UsageError` when the train or calibration rows are not those that the
    monitor was fitted on: its baselines would see other rows, and its test rows may be rows it has seen.
    """
    options = options or Options()
    _require_own_rows(monitor, splits)
    info = collect_run_info(
        command,
        seeds={"fit": int(monitor.record["options"]["seed"]), "evaluation": options.seed},
        data=data_uses(splits, with_study=options.with_study),
        options={**asdict(options), "near_duplicates_left_out": splits.dropped},
    )
    started = time.monotonic()
    record = evaluate(monitor, splits.train, splits.calibration, splits.test, info, options, cascade=cascade)
    ended = info.model_copy(update={"seconds": round(time.monotonic() - started, 1)})
    record = record.model_copy(update={"run": ended})
    write_json(Path(folder) / EVALUATION, record.model_dump(mode="json"))
    return record


def options_of(monitor: Monitor) -> FitOptions:
    """The options that a monitor was fitted with, from its record."""
    stored = {"reads": monitor.reads, **monitor.record["options"]}
    sites = stored.pop("sites")
    lists: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in stored.items()
    }
    return FitOptions(**lists, sites=tuple(map(Site.parse, sites)) if sites else None)


def read_evaluation(path: str | Path) -> EvaluationRecord:
    """The record in a file that `evaluate_run` wrote."""
    return EvaluationRecord.model_validate_json(Path(path).read_bytes())


def quickstart_run(
    folder: RunFolder,
    model: Model,
    *,
    command: str,
    selection: Selection | None = None,
    options: FitOptions | None = None,
    n_resamples: int = Options.n_resamples,
) -> EvaluationRecord:
    """Fit and evaluate on the packaged data (or a selection), in a folder; steps that are done are skipped.

    A step is done when its model, rows, options, seed and program version are the same and its files are
    unchanged, so that a run which was interrupted goes on where it was.
    """
    splits = select(selection)
    fitting = options or FitOptions()
    evaluating = Options(seed=fitting.seed, n_resamples=n_resamples)
    rows = {"train": data_hash(splits.train), "calibration": data_hash(splits.calibration)}
    fit_key = _key({"on": model.binding.model_dump(), "options": asdict(fitting), **rows})
    path = folder.file(MONITOR)
    made: list[Monitor] = []
    folder.step("fit", fit_key, [MONITOR], lambda: made.append(fit_run(model, splits, path, fitting)))
    evaluation_key = _key(
        {"monitor": sha256_file(path), "options": asdict(evaluating), "test": data_hash(splits.test)}
    )
    found: list[EvaluationRecord] = []

    def judge() -> None:
        monitor = made[0] if made else load_monitor(path, model)
        found.append(evaluate_run(monitor, splits, folder.path, command=command, options=evaluating))

    folder.step("evaluate", evaluation_key, [EVALUATION], judge)
    return found[0] if found else read_evaluation(folder.file(EVALUATION))


def _key(decides: dict[str, Any]) -> str:
    return short_hash({"eudaimon": __version__, **decides})


def _require_own_rows(monitor: Monitor, splits: Splits) -> None:
    for split, rows in (("train", splits.train), ("calibration", splits.calibration)):
        own = monitor.record[split]
        found = data_hash(rows)
        if found != own["hash"]:
            raise UsageError(
                f"the monitor was fitted on other {split} rows ({own['hash']} of "
                f"{', '.join(own['sources'])}; these are {found})",
                right="an evaluation needs the rows of the fit for its baselines and to keep test rows apart",
                do="the --data, --plan and source options that `monitor fit` got",
            )
