"""``eudaimon study plan``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from eudaimon.cli.options import Json
from eudaimon.cli.output import print_json, print_line, print_table
from eudaimon.cli.study.options import WhichStudy, Workers
from eudaimon.cli.study.power import Power, Spread, Tests, print_power
from eudaimon.cli.study.said import hours, tell

if TYPE_CHECKING:
    from eudaimon.study.design import Study, StudyOptions


def plan(
    which: WhichStudy,
    workers: Workers = None,
    power: Power = None,
    spread: Spread = None,
    tests: Tests = 1,
    pilot: Annotated[
        bool,
        Option("--pilot", help="First run one cell, to see whether there is anything to study."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Print the steps, tokens, memory, disk and hours that a study still takes; only --pilot runs."""
    from eudaimon.study.plan import plan as planned

    if power is not None:
        print_power(which, power, spread, tests, as_json=as_json)
        return
    study, options, folder = which.open()
    if pilot:
        run_pilot(study, options, folder, workers)
    found = planned(study.targets(options), folder, workers=workers)
    said = study.warnings(options, folder) if study.warnings else ()
    if as_json:
        print_json({**asdict(found), "disk_gb": found.disk_gb, "warnings": said})
        return
    on_gpus = any(row.gpus for row in found.rows)
    print_table(
        (
            "step",
            "all",
            "done",
            "to do",
            "tokens",
            "GB each",
            *(["GPUs each"] * on_gpus),
            "disk GB",
            "worker hours",
        ),
        [
            (
                row.kind,
                row.n_steps,
                row.n_done,
                row.n_to_do,
                f"{row.n_tokens:,}",
                row.memory_gb,
                *([row.gpus] * on_gpus),
                row.disk_gb,
                row.hours,
            )
            for row in found.rows
        ],
    )
    print_line(
        f"{found.n_targets} targets; {hours(found.hours)} with {found.workers} workers, "
        f"up to {found.memory_gb:.1f} GB of memory, {found.disk_gb:.2f} GB of disk in {folder}."
    )
    for warning in said:
        print_line(f"Warning: {warning}")


def run_pilot(study: Study, options: StudyOptions, folder: Path, workers: int | None) -> None:
    """Run the pilot's cell in the study's folder; raises `UsageError` where the design has none."""
    from eudaimon.core import EudaimonError, UsageError
    from eudaimon.study.run import run_study

    if study.pilot is None:
        raise UsageError(f"{study.name} has no pilot", do="without --pilot")
    done = run_study(study.pilot(options), folder, workers=workers, name="pilot", watch=tell)
    if not done.ok:
        raise EudaimonError("the pilot failed", do="eudaimon study plan --pilot again, once it is mended")
