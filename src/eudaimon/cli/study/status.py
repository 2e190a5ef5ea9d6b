"""``eudaimon study status``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from typer import Argument

from eudaimon.cli.options import Json
from eudaimon.cli.output import print_json, print_line, print_table
from eudaimon.cli.study.options import Folder, folder_of
from eudaimon.cli.study.said import hours


def status(
    name: Annotated[str | None, Argument(help="A design. Default: what is in --folder.")] = None,
    folder: Folder = None,
    as_json: Json = False,
) -> None:
    """Print how far a study is: steps done, running, failed, blocked, to do; rates and the time left."""
    from eudaimon.study.folder import open_study
    from eudaimon.study.status import status as found_status

    place = folder_of(name, folder)
    study, options = open_study(place)
    found = found_status(study.targets(options), place)
    if as_json:
        print_json({**asdict(found), "seconds_left": found.seconds_left})
        return
    print_table(
        ("step", "all", "done", "running", "failed", "blocked", "to do", "s each", "left"),
        [
            (
                row.kind,
                row.n_steps,
                row.n_done,
                row.n_running,
                row.n_failed,
                row.n_blocked,
                row.n_to_do,
                row.seconds,
                hours(row.seconds_left / 3600),
            )
            for row in found.rows
        ],
    )
    for each in found.running:
        print_line(f"running {each.key} for {each.seconds:.0f} s, {each.where}: {each.line}")
    for key, why in found.failed.items():
        print_line(f"failed {key}: {why}")
    driver = f"Driven by {found.driver}" if found.driver else "Nobody drives it now"
    print_line(f"{driver}; about {hours(found.seconds_left / 3600)} left: {place}")
