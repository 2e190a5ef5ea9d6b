"""``eudaimon vectors``: one file a command."""

from __future__ import annotations

import typer

from eudaimon.cli.failures import Commands
from eudaimon.cli.groups import flat
from eudaimon.cli.vectors.compare import compare
from eudaimon.cli.vectors.convert import convert
from eudaimon.cli.vectors.extract import extract
from eudaimon.cli.vectors.matrix import matrix
from eudaimon.cli.vectors.project import project
from eudaimon.cli.vectors.steer import steer
from eudaimon.cli.vectors.sweep import sweep
from eudaimon.cli.vectors.transfer import transfer

vectors_app = typer.Typer(cls=Commands, no_args_is_help=True, help="Find, read and use directions.")
for command in (extract, sweep, project, compare, convert, transfer, matrix, steer):
    vectors_app.command()(flat(command))
