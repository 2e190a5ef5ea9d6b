"""``eudaimon monitor``: one file a command."""

from __future__ import annotations

import typer

from eudaimon.cli.failures import Commands
from eudaimon.cli.groups import flat
from eudaimon.cli.monitor.bench import bench
from eudaimon.cli.monitor.calibrate import calibrate
from eudaimon.cli.monitor.check import check
from eudaimon.cli.monitor.evaluate import evaluate
from eudaimon.cli.monitor.explain import explain
from eudaimon.cli.monitor.fit import fit
from eudaimon.cli.monitor.quickstart import quickstart
from eudaimon.cli.monitor.stress import stress

monitor_app = typer.Typer(cls=Commands, no_args_is_help=True, help="Fit, judge and use a monitor.")
for command in (quickstart, fit, evaluate, calibrate, check, explain, stress, bench):
    monitor_app.command()(flat(command))
