"""The program: all commands under one name."""

from __future__ import annotations

from typing import Annotated

import typer

from eudaimon import __version__
from eudaimon.cli.adapters import adapters_app
from eudaimon.cli.chat.chat import chat
from eudaimon.cli.curate import curate_app
from eudaimon.cli.dashboard import dashboard
from eudaimon.cli.data import data_app
from eudaimon.cli.doctor import doctor
from eudaimon.cli.evaluate.evaluate import evaluate
from eudaimon.cli.failures import Commands
from eudaimon.cli.groups import flat
from eudaimon.cli.judge import judge_app
from eudaimon.cli.monitor import monitor_app
from eudaimon.cli.persona import persona_app
from eudaimon.cli.quickstart import quickstart
from eudaimon.cli.serve.serve import serve
from eudaimon.cli.study import study_app
from eudaimon.cli.train import train_app
from eudaimon.cli.vectors import vectors_app
from eudaimon.cli.world import world_app

app = typer.Typer(
    name="eudaimon",
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(flat(quickstart))
app.add_typer(monitor_app, name="monitor")
app.add_typer(curate_app, name="curate")
app.add_typer(train_app, name="train")
app.add_typer(vectors_app, name="vectors")
app.add_typer(adapters_app, name="adapters")
app.add_typer(persona_app, name="persona")
app.command()(flat(chat))
app.command()(flat(evaluate))
app.command()(flat(serve))
app.add_typer(judge_app, name="judge")
app.add_typer(study_app, name="study")
app.command()(flat(dashboard))
app.add_typer(data_app, name="data")
app.add_typer(world_app, name="world")
app.command()(flat(doctor))


def show_version(wanted: bool) -> None:
    """Print the version and exit, when it is wanted."""
    if wanted:
        typer.echo(f"eudaimon {__version__}")
        raise typer.Exit


@app.callback()
def eudaimon(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version and exit.", callback=show_version, is_eager=True),
    ] = False,
) -> None:
    """Curate, train, read and test the personas of a language model."""


def main() -> None:
    """Run the program on the words of the shell and exit with its status."""
    app()
