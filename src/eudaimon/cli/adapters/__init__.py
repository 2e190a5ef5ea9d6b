"""``eudaimon adapters``: one file a command."""

from __future__ import annotations

import typer

from eudaimon.cli.adapters.probe import probe
from eudaimon.cli.adapters.prove import prove
from eudaimon.cli.adapters.random import random
from eudaimon.cli.adapters.show import show
from eudaimon.cli.failures import Commands
from eudaimon.cli.groups import flat

adapters_app = typer.Typer(
    cls=Commands, no_args_is_help=True, help="LoRA adapters: what they are, and whether a stack of them acts."
)
for command in (show, prove, probe, random):
    adapters_app.command()(flat(command))
