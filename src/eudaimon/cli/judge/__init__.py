"""``eudaimon judge``: one file a command."""

from __future__ import annotations

import typer

from eudaimon.cli.failures import Commands
from eudaimon.cli.groups import flat
from eudaimon.cli.judge.agreement import agreement
from eudaimon.cli.judge.estimate import estimate
from eudaimon.cli.judge.questions import questions
from eudaimon.cli.judge.run import run

judge_app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    help="Open answers judged for alignment and coherence: the cost, the verdicts, how judges agree.",
)
for command in (questions, estimate, run, agreement):
    judge_app.command()(flat(command))
