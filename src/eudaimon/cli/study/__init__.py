"""``eudaimon study``: one file a command."""

from __future__ import annotations

import typer

from eudaimon.cli.failures import Commands
from eudaimon.cli.groups import flat
from eudaimon.cli.study.list import list_designs
from eudaimon.cli.study.plan import plan
from eudaimon.cli.study.report import report
from eudaimon.cli.study.run import run
from eudaimon.cli.study.status import status

study_app = typer.Typer(
    cls=Commands, no_args_is_help=True, help="Studies: planned, run here or on Slurm, resumed, reported."
)
study_app.command("list")(list_designs)
for command in (plan, run, status, report):
    study_app.command()(flat(command))
