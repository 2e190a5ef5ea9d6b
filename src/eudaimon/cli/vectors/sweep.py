"""``eudaimon vectors sweep``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Option

from eudaimon.cli.options import Json, Paired, Resamples, Seed, WhichData, WhichSubject
from eudaimon.cli.output import print_json, print_line, print_table
from eudaimon.cli.parse import parse_poolings, parse_sites, words


def sweep(
    which: WhichSubject,
    data: WhichData,
    method: Annotated[
        str, Option(help="Methods: mean_difference, lda, logistic, pca, tone, ...", metavar="LIST")
    ] = "mean_difference,logistic",
    sites: Annotated[str | None, Option(help="Layers: 1,2,3. Default: all.", metavar="LIST")] = None,
    pooling: Annotated[str, Option(help="Poolings: mean, last, max, softmax.", metavar="LIST")] = "mean",
    paired: Paired = False,
    resamples: Resamples = 200,
    seed: Seed = 0,
    out: Annotated[Path | None, Option(help="Save the curve as .csv or .parquet.", metavar="FILE")] = None,
    as_json: Json = False,
) -> None:
    """Fit every method at every layer on train rows and measure it on calibration rows."""
    from eudaimon.core import Score
    from eudaimon.data.selection import select
    from eudaimon.vectors.extraction import sweep_queries

    poolings, layers = parse_poolings(pooling), parse_sites(sites)
    splits = select(data.selection())
    swept = sweep_queries(
        which.load(),
        splits.train,
        splits.calibration,
        methods=words(method),
        sites=layers,
        poolings=poolings,
        paired=paired,
        seed=seed,
        n_resamples=resamples,
    )
    best = swept.best("auroc")
    if out:
        swept.save(out, best)
    records = swept.records(best)
    if as_json:
        rows = [
            {key: value.model_dump() if isinstance(value, Score) else value for key, value in row.items()}
            for row in records
        ]
        print_json({"saved": str(out) if out else None, "rows": rows})
        return
    print_table(
        ("method", "pooling", "layer", "separation (SD)", "AUROC", "TPR at 1 % FPR"),
        [
            (
                row["method"],
                row["pooling"],
                row["site"],
                row["separation_sd"],
                row["auroc"],
                row["tpr_at_1pct_fpr"],
            )
            for row in records
        ],
        title=f"On {len(splits.calibration)} calibration rows; the best by AUROC is bold",
        style=["bold" if row["chosen"] else "" for row in records],
    )
    if out:
        print_line(f"Curve: {out}")
