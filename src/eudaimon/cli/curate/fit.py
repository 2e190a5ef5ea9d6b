"""``eudaimon curate fit``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, cast

import typer

from eudaimon.cli.curate.labelled import WhichLabelled
from eudaimon.cli.options import Json, Seed
from eudaimon.cli.output import print_json, print_line, print_table


def fit(
    which: WhichLabelled,
    out: Annotated[Path, typer.Option("--out", help="Folder for the scorer.", metavar="FOLDER")] = Path(
        "scorer"
    ),
    stages: Annotated[
        list[str] | None,
        typer.Option("--stage", help="stage1 or stage2. Default: both.", metavar="NAME", show_default=False),
    ] = None,
    encoder: Annotated[
        str,
        typer.Option("--encoder", help="What stage 2 reads by: minilm, a folder, a hub id.", metavar="NAME"),
    ] = "minilm",
    budget: Annotated[
        float,
        typer.Option(
            "--budget", min=0, max=1, help="Share of neutral text that stage 2 reads.", metavar="SHARE"
        ),
    ] = 0.15,
    cache: Annotated[
        Path | None,
        typer.Option("--cache", help="Folder that keeps what the encoder has read.", metavar="FOLDER"),
    ] = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Fit the stages of a scorer on labelled text; held-out parts of it are left for `evaluate`."""
    from eudaimon.core.files import read_json
    from eudaimon.curate.fit import RECORD, STAGES, StageName, fit_scorer

    fit_scorer(
        list(which.read()),
        out,
        stages=cast("list[StageName]", stages or list(STAGES)),
        encoder=encoder,
        seed=seed,
        budget=budget,
        cache=cache,
    )
    record = read_json(out / RECORD)
    if as_json:
        print_json(record)
        return
    for stage in STAGES:
        if stage in record:
            counts = record[stage]["sources"]
            rows = [[name, n["train"], n["calibration"], n["licence"]] for name, n in counts.items()]
            print_line(f"{stage} {record[stage]['hash']}, {record[stage]['rows']:,} rows")
            print_table(["set", "train", "calibration", "licence"], rows)
    print_line(f"wrote {out}")
