"""``eudaimon quickstart``: the main job, from nothing to a report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from typer import Option

from eudaimon.cli.options import Json
from eudaimon.cli.output import print_json, print_line, print_table
from eudaimon.cli.parse import pairs
from eudaimon.cli.study.options import Workers
from eudaimon.cli.study.report import draw
from eudaimon.cli.study.run import FAILED
from eudaimon.cli.study.said import tell

NAME = "quickstart"


def quickstart(
    out: Annotated[Path, Option(help="Folder of the run.", metavar="FOLDER")] = Path("runs/quickstart"),
    workers: Workers = None,
    queries: Annotated[
        bool, Option("--queries/--no-queries", help="Fit a monitor on real queries too.")
    ] = True,
    settings: Annotated[
        list[str] | None,
        Option(
            "--set", help="An option of the study; `study plan quickstart` has them.", metavar="KEY=VALUE"
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Raise models in the town, attack them, read them, and write one report.

    A second call skips the steps that are done; an interrupted one is taken up where it was.
    """
    from eudaimon.study.design import design
    from eudaimon.study.folder import options_of, run_design
    from eudaimon.study.status import status

    study = design(NAME)
    options = options_of(study, {"queries": queries} | dict(pairs(settings or (), "--set")))
    done = run_design(study, options, out, workers=workers, watch=tell)
    if not done.ok:
        print_line(f"{len(done.failed)} steps failed: {out}. What is done is kept; the same command goes on.")
        raise typer.Exit(FAILED)
    page = draw(study, options, out, tables=not as_json)
    if as_json:
        print_json({"report": str(page.resolve()), "seconds": done.seconds, "steps": len(done.computed)})
        return
    print_table(
        ("stage", "steps", "seconds of work"),
        [
            (row.kind, row.n_steps, round(row.seconds_spent, 1))
            for row in status(study.targets(options), out).rows
        ],
    )
    print_line(f"{len(done.computed)} steps in {done.seconds:.0f} s, {len(done.found)} were done before.")
    print_line(f"Report: {page.resolve()}")
