"""``eudaimon train``: one file a command."""

from __future__ import annotations

import typer

from eudaimon.cli.failures import Commands
from eudaimon.cli.groups import flat
from eudaimon.cli.train.em import em
from eudaimon.cli.train.needs import needs
from eudaimon.cli.train.persona import persona

train_app = typer.Typer(
    cls=Commands, no_args_is_help=True, help="Training: adapters, from a character or a narrow lesson."
)


@train_app.callback()
def train() -> None:
    """Training: adapters, from a character or a narrow lesson."""


train_app.command()(flat(persona))
train_app.command()(flat(em))
train_app.command()(flat(needs))
