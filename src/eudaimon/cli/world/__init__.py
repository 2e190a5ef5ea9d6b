"""``eudaimon world``: one file a command."""

from __future__ import annotations

import typer

from eudaimon.cli.failures import Commands
from eudaimon.cli.groups import flat
from eudaimon.cli.world.describe import describe
from eudaimon.cli.world.sample import sample
from eudaimon.cli.world.write import write

world_app = typer.Typer(
    cls=Commands, no_args_is_help=True, help="The town of speaking personas: its documents and its mixture."
)
for command in (sample, write, describe):
    world_app.command()(flat(command))
