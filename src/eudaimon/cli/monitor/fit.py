"""``eudaimon monitor fit``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from typer import Option

from eudaimon.cli.monitor.held_out import print_held_out
from eudaimon.cli.options import MONITOR_FILE, Json, Seed, WhichData, WhichSubject, command_line
from eudaimon.cli.output import print_json, print_line, print_table
from eudaimon.cli.parse import parse_poolings, parse_sites, words

if TYPE_CHECKING:
    from eudaimon.data.splits import Splits
    from eudaimon.monitor.monitor import Monitor


class Consensus(StrEnum):
    """How the probes agree."""

    stack = "stack"
    vote = "vote"


class Reading(StrEnum):
    """What is read of a row."""

    value: Literal["text", "answer"]
    text = "text"
    answer = "answer"


def fit(
    which: WhichSubject,
    data: WhichData,
    target_fpr: Annotated[
        float, Option(help="False-positive rate on benign text that the threshold promises.", metavar="RATE")
    ] = 0.01,
    worst_source: Annotated[
        bool,
        Option(
            "--worst-source/--mixture",
            help="Keep the rate on every large enough benign calibration source, or on their mixture.",
        ),
    ] = False,
    sites: Annotated[str | None, Option(help="Layers to try: 1,2,3. Default: all.", metavar="LIST")] = None,
    pooling: Annotated[
        str | None,
        Option(
            help="Poolings to try: mean, last, max, softmax. Default: by the kind of model.",
            metavar="LIST",
        ),
    ] = None,
    method: Annotated[
        str | None,
        Option(help="Probes at each chosen layer: logistic, kernel. Default: both.", metavar="LIST"),
    ] = None,
    sweep_method: Annotated[
        str | None,
        Option(help="Methods to show in the layer sweep. Default: mean_difference.", metavar="LIST"),
    ] = None,
    n_layers: Annotated[
        int | None, Option(min=1, help="How many layers are joined. Default: 2.", metavar="N")
    ] = None,
    consensus: Annotated[Consensus, Option(help="How the probes are joined.")] = Consensus.stack,
    augment: Annotated[
        bool, Option("--augment/--no-augment", help="Train on altered copies of rows too.")
    ] = True,
    examples: Annotated[
        bool,
        Option("--examples/--no-examples", help="Keep training texts in the file, for `monitor explain`."),
    ] = True,
    reads: Annotated[
        Reading,
        Option(help="Read texts, or the answer that ends each conversation, in its context, as it grows."),
    ] = Reading.text,
    leave_one_source_out: Annotated[
        bool,
        Option("--leave-one-source-out", help="Also fit without each source in turn and test on it."),
    ] = False,
    seed: Seed = 0,
    out: Annotated[Path, Option(help="The file to write.", metavar="FILE")] = MONITOR_FILE,
    as_json: Json = False,
) -> None:
    """Fit a monitor on a model's activations, with a threshold that keeps the stated rate."""
    from eudaimon.data.selection import select, select_rows
    from eudaimon.monitor.folds import leave_one_source_out_run
    from eudaimon.monitor.run import fit_options, fit_run

    options = fit_options(
        target_fpr=target_fpr,
        worst_source=worst_source,
        probes=words(method),
        sweep_methods=words(sweep_method),
        poolings=parse_poolings(pooling),
        sites=parse_sites(sites),
        n_layers=n_layers,
        consensus=consensus.value,
        augment=augment,
        keep_examples=examples,
        seed=seed,
        reads=reads.value,
    )
    selection = data.selection()
    splits = select(selection)
    model = which.load()
    monitor = fit_run(model, splits, out, options)
    held_out = None
    if leave_one_source_out:
        queries, plan = select_rows(selection)
        held_out = leave_one_source_out_run(
            model, queries, plan, out.parent, command=command_line(), options=options
        )
    if as_json:
        extra = {"leave_one_source_out": held_out.model_dump(mode="json")} if held_out else {}
        print_json({**described(monitor, splits, out), **extra})
        return
    show(monitor, splits, out)
    if held_out:
        print_held_out(held_out, out.parent)


def described(monitor: Monitor, splits: Splits, out: Path) -> dict[str, Any]:
    """What was fitted, as JSON values."""
    from dataclasses import asdict

    from eudaimon.monitor.evaluation import describe

    return {
        "path": str(out),
        "model": monitor.binding.name,
        "adapters": list(monitor.binding.adapters),
        **describe(monitor),
        **{split: monitor.record[split] for split in ("train", "calibration")},
        "options": monitor.record["options"],
        "probes": [
            {"site": str(probe.site), "pooling": probe.pooling, "method": probe.method}
            for probe in monitor.probes
        ],
        "threshold": asdict(monitor.threshold),
        "near_duplicates_left_out": splits.dropped,
    }


def show(monitor: Monitor, splits: Splits, out: Path) -> None:
    """Print what was fitted."""
    threshold = monitor.threshold
    print_table(
        ("layer", "pooling", "method"),
        [(str(probe.site), probe.pooling, probe.method) for probe in monitor.probes],
        title=f"Probes on {monitor.binding.name}, joined by {monitor.consensus}",
    )
    print_line(
        f"Threshold {threshold.value:.4f} for {threshold.target_fpr:.2%} false positives on benign text, "
        f"set by {threshold.n} benign rows: at most {threshold.fpr_bound:.2%} with 95 % confidence."
    )
    print_line(
        f"{len(splits.train)} train and {len(splits.calibration)} calibration rows; "
        f"{sum(splits.dropped.values())} rows left out that nearly repeat a later split."
    )
    print_line(f"Categories: {', '.join(sorted(monitor.categories)) or 'none has enough rows'}.")
    print_line(f"Monitor: {out}")
