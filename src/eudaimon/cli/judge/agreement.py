"""``eudaimon judge agreement``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from typer import Argument

from eudaimon.cli.options import Json, Resamples, Seed
from eudaimon.cli.output import print_json, print_line, print_table


def agreement(
    first: Annotated[Path, Argument(help="A folder of `judge run`, or rows.", show_default=False)],
    second: Annotated[Path, Argument(help="The same answers by another judge.", show_default=False)],
    resamples: Resamples = 1000,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Say how far two judges agree on the same answers, with intervals over questions."""
    from eudaimon.evaluate.judging.agreement import agreement as agree
    from eudaimon.evaluate.judging.folder import read_judged

    found = agree(read_judged(first), read_judged(second), n_resamples=resamples, seed=seed)
    if as_json:
        scores = {
            name: {metric: score.model_dump() for metric, score in getattr(found, name).items()}
            for name in ("kappa", "correlation")
        }
        print_json({**asdict(found), **scores})
        return
    print_line(f"{found.judges[0]} and {found.judges[1]}: {found.paired:,} answers judged by both")
    print_table(
        ("metric", "first mean", "second mean", "agreement", "questions"),
        [
            (metric, *found.means[metric], f"{kind} {score}", score.n)
            for kind, scores in (("kappa", found.kappa), ("r", found.correlation))
            for metric, score in scores.items()
        ],
    )
    for reason in found.undefined:
        print_line(f"Not defined: {reason}")
    if found.unpaired:
        print_line(f"{found.unpaired:,} rows of either have no counterpart")
