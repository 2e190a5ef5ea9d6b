"""``eudaimon study plan``."""

from __future__ import annotations

from dataclasses import asdict

from eudaimon.cli.options import Json
from eudaimon.cli.output import print_json, print_line, print_table
from eudaimon.cli.study.options import WhichStudy, Workers
from eudaimon.cli.study.power import Power, Spread, Tests, print_power


def plan(
    which: WhichStudy,
    workers: Workers = None,
    power: Power = None,
    spread: Spread = None,
    tests: Tests = 1,
    as_json: Json = False,
) -> None:
    """Print the steps, tokens, memory, disk and hours that a study still takes; nothing runs."""
    from eudaimon.study.plan import plan as planned

    if power is not None:
        print_power(which, power, spread, tests, as_json=as_json)
        return
    study, options, folder = which.open()
    found = planned(study.targets(options), folder, workers=workers)
    if as_json:
        print_json({**asdict(found), "disk_gb": found.disk_gb})
        return
    print_table(
        ("step", "all", "done", "to do", "tokens", "GB each", "disk GB", "worker hours"),
        [
            (
                row.kind,
                row.n_steps,
                row.n_done,
                row.n_to_do,
                f"{row.n_tokens:,}",
                row.memory_gb,
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


def hours(value: float) -> str:
    """Hours as words: ``40 s``, ``12 min`` or ``3.4 h``."""
    seconds = value * 3600
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{value:.1f} h"
