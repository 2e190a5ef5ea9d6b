"""``eudaimon persona``: one file a command."""

from __future__ import annotations

import typer

from eudaimon.cli.failures import Commands
from eudaimon.cli.groups import flat
from eudaimon.cli.persona.census import census
from eudaimon.cli.persona.check import check
from eudaimon.cli.persona.expand import expand
from eudaimon.cli.persona.list import list_
from eudaimon.cli.persona.new import new
from eudaimon.cli.persona.show import show

persona_app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    help="Constitutions, the principles that make a character; and the census of a model's personas.",
)
persona_app.command("list")(flat(list_))
for command in (show, check, new, expand, census):
    persona_app.command()(flat(command))
