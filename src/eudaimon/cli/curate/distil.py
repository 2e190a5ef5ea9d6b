"""``eudaimon curate distil``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from eudaimon.cli.curate.labelled import WhichLabelled
from eudaimon.cli.options import Json, Seed
from eudaimon.cli.output import print_json, print_line, print_table


def distil(
    records: Annotated[
        Path, Argument(help="Folder of verdicts, judge/ of a folder that score wrote.", metavar="RECORDS")
    ],
    which: WhichLabelled,
    before: Annotated[
        Path | None,
        Option(
            "--before",
            help="Folder of the cascade to compare with; its lexicon and shares are kept.",
            metavar="FOLDER",
        ),
    ] = None,
    judge: Annotated[
        str | None, Option("--judge", help="Whose verdicts, if several judged.", metavar="NAME")
    ] = None,
    weight: Annotated[
        float, Option("--weight", min=0, help="Mean weight of a judged row beside 1.", metavar="W")
    ] = 1.0,
    encoder: Annotated[
        str,
        Option("--encoder", help="What stage 2 reads by: minilm, a folder, a hub id.", metavar="NAME"),
    ] = "minilm",
    cache: Annotated[
        Path | None,
        Option("--cache", help="Folder that keeps what the encoder has read.", metavar="FOLDER"),
    ] = None,
    out: Annotated[Path, Option("--out", help="Folder for the cascade.", metavar="FOLDER")] = Path(
        "distilled"
    ),
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Fit stages 1 and 2 anew on what a judge said, beside labelled text, and compare them with the judge."""
    from eudaimon.curate.cascade_files import open_cascade
    from eudaimon.curate.stages.distil import distil as fit_anew

    done = fit_anew(
        records,
        out,
        list(which.read()),
        encoder=encoder,
        before=None if before is None else open_cascade(before),
        seed=seed,
        judge=judge,
        weight=weight,
        cache=cache,
    )
    if as_json:
        print_json({**asdict(done), "folder": str(done.folder)})
        return
    print_line(
        f"{done.n_judged:,} labels and {done.n_refused:,} refusals on record, beside {done.n_base:,} "
        "labelled segments"
    )
    if done.n_others:
        print_line(f"{done.n_others:,} verdicts by another judge or rubric were left aside")
    print_table(
        ("stage", "judged rows held out", "harm agrees", "stance agrees", "severity is off by"),
        [
            (name, found.n, f"{found.harm:.3f}", f"{found.stance:.3f}", f"{found.severity:.2f}")
            for name, found in done.agreement.items()
        ],
    )
    print_line(f"wrote {done.folder}")
