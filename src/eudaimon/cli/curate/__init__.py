"""``eudaimon curate``: one file a command."""

from __future__ import annotations

import typer

from eudaimon.cli.curate.apply import apply
from eudaimon.cli.curate.audit import audit
from eudaimon.cli.curate.card import card
from eudaimon.cli.curate.controls import controls
from eudaimon.cli.curate.decide import decide
from eudaimon.cli.curate.diff import diff
from eudaimon.cli.curate.distil import distil
from eudaimon.cli.curate.evaluate import evaluate
from eudaimon.cli.curate.filter import filter
from eudaimon.cli.curate.fit import fit
from eudaimon.cli.curate.policies import policies
from eudaimon.cli.curate.restore import restore
from eudaimon.cli.curate.score import score
from eudaimon.cli.curate.voices import voices
from eudaimon.cli.curate.why import why
from eudaimon.cli.failures import Commands
from eudaimon.cli.groups import flat

SCORED = (score, decide, apply, filter, restore, controls, diff, why)
REPORTED = (audit, card)
FITTED = (fit, evaluate, distil)
SHOWN = (voices, policies)

curate_app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    help="Corpora: the voices in them, scored once, decided by policy, masked or taken out, and restored.",
)
for command in (*SCORED, *REPORTED, *FITTED, *SHOWN):
    curate_app.command()(flat(command))
