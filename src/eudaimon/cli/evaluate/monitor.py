"""The option of ``eudaimon evaluate`` for a monitor inside the attacks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from typer import Option

if TYPE_CHECKING:
    from eudaimon.study.evaluation.watched import Watching

MONITOR_PANEL = "A monitor inside the attacks"


@dataclass(frozen=True)
class WhichMonitor:
    """Which monitor watches, at which rate, and in which disguises an attacker words his questions."""

    monitor: Annotated[
        str,
        Option(
            "--monitor",
            help="A monitor's file, on every subject; or town: the town's own, fitted on each.",
            metavar="FILE",
            rich_help_panel=MONITOR_PANEL,
        ),
    ] = ""
    monitor_fpr: Annotated[
        float | None,
        Option(
            min=0.001,
            max=0.5,
            help="False alarms that its thresholds allow on talk that nobody attacks. "
            "Default: 0.01 for the town's, the file's own rate.",
            metavar="RATE",
            rich_help_panel=MONITOR_PANEL,
        ),
    ] = None
    disguises: Annotated[
        str,
        Option(
            help="Rewrites of monitor stress in which each question is put besides, names with commas.",
            metavar="LIST",
            rich_help_panel=MONITOR_PANEL,
        ),
    ] = ""

    def watching(self, *, town: bool) -> Watching | None:
        """What an evaluation is told; None without a monitor. ``town``: the town's questions are asked.

        Raises `UsageError` for an unknown disguise, for options without a monitor, and for the town's monitor
        beside open questions.
        """
        from eudaimon.cli.parse import words
        from eudaimon.core import UsageError
        from eudaimon.monitor.attacks import attack_named
        from eudaimon.study.evaluation.watched import TOWN, Watching

        rewrites = tuple(attack_named(name).name for name in dict.fromkeys(words(self.disguises)))
        if not self.monitor:
            if rewrites or self.monitor_fpr is not None:
                raise UsageError("there is no monitor to watch", right="one", do="--monitor FILE")
            return None
        if self.monitor == TOWN and not town:
            raise UsageError(
                "the town's monitor knows the town's words only",
                right="a file for open questions",
                do="eudaimon monitor fit --model FOLDER --out monitor.safetensors",
            )
        return Watching(self.monitor, self.monitor_fpr, rewrites)
