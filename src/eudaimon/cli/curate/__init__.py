"""``eudaimon curate``: one file a command."""

from __future__ import annotations

import typer

from eudaimon.cli.curate.evaluate import evaluate
from eudaimon.cli.curate.fit import fit
from eudaimon.cli.curate.policies import policies
from eudaimon.cli.curate.voices import voices
from eudaimon.cli.failures import Commands
from eudaimon.cli.groups import flat

curate_app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    help="Corpora: the voices in them, scored once, decided by policy, masked or taken out, and restored.",
)
for command in (voices, policies, fit, evaluate):
    curate_app.command()(flat(command))
