"""``eudaimon study run``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from typer import Option

from eudaimon.cli.options import Json
from eudaimon.cli.output import print_json, print_line
from eudaimon.cli.parse import pairs, words
from eudaimon.cli.study.options import WhichStudy, Workers
from eudaimon.cli.study.said import hours, tell

if TYPE_CHECKING:
    pass

FAILED = 1


def run(
    which: WhichStudy,
    engine: Annotated[str, Option(help="local or slurm.", metavar="NAME")] = "local",
    workers: Workers = None,
    threads: Annotated[int, Option(min=1, help="Threads of each step.", metavar="N")] = 1,
    gpus: Annotated[
        str | None, Option(help="GPUs that go round among local workers: 0,1.", metavar="LIST")
    ] = None,
    slurm: Annotated[
        list[str] | None,
        Option(
            help="An option of sbatch: partition=gpu, gpus_per_node=1, mem=8G. task_minutes=2: shorter steps "
            "share a task of about so many minutes; 0: one step a task.",
            metavar="KEY=VALUE",
        ),
    ] = None,
    wait: Annotated[
        bool, Option("--wait/--no-wait", help="Wait for another run of the same folder, or refuse.")
    ] = True,
    as_json: Json = False,
) -> None:
    """Run what a study lacks; the same command resumes. Exits 1 when a step failed, after its siblings."""
    from eudaimon.study.folder import run_design

    study, options, folder = which.open()
    done = run_design(
        study,
        options,
        folder,
        engine=engine,
        workers=workers,
        threads=threads,
        gpus=words(gpus),
        slurm=dict(pairs(slurm or (), "--slurm")),
        wait=wait,
        watch=tell,
    )
    if as_json:
        record = {"computed": done.computed, "found": done.found, "failed": done.failed}
        print_json({**record, "blocked": done.blocked, "seconds": done.seconds, "folder": str(folder)})
    else:
        print_line(
            f"{len(done.computed)} steps computed in {hours(done.seconds / 3600)}, {len(done.found)} were "
            f"finished, {len(done.failed)} failed, {len(done.blocked)} blocked: {folder}"
        )
    if not done.ok:
        raise typer.Exit(FAILED)
