"""The quickstart's assistant, and a monitor of its own that is fitted when it is first served."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from eudaimon.core import UsageError

if TYPE_CHECKING:
    from eudaimon.models.model import Model
    from eudaimon.world.world import World

QUICKSTART = Path("runs/quickstart")
MONITOR, CALIBRATION = "town-guard/monitor.safetensors", "town-guard/calibration.json"


@dataclass(frozen=True)
class TownAssistant:
    """An assistant of the town: its model's folder, the town, and the folder of the run that raised it."""

    model: Path
    world: World
    run: Path

    @property
    def monitor(self) -> Path:
        """Where its monitor is kept."""
        return self.run / MONITOR

    @property
    def calibration(self) -> Path:
        """Where the thresholds of that monitor are kept."""
        return self.run / CALIBRATION


def town_assistant(run: Path = QUICKSTART) -> TownAssistant:
    """The quickstart's assistant; raises `UsageError` where there is none."""
    from eudaimon.study.designs.quickstart import QuickstartOptions
    from eudaimon.study.folder import RECORD, open_study
    from eudaimon.study.store import StepStore

    if (run / RECORD).is_file():
        _, options = open_study(run)
        if isinstance(options, QuickstartOptions):
            step, store = options.assistant(options.arms[0], 0), StepStore(run)
            if store.done(step):
                return TownAssistant(Path(step.checkpoint(store.path(step))), options.world, run)
    raise UsageError(
        f"there is no assistant of the town in {run}",
        right="the folder that the quickstart wrote, below the working directory, or a model's own folder",
        do="eudaimon quickstart",
    )


def guard_assistant(assistant: TownAssistant, *, device: str | None = None) -> None:
    """Fit and calibrate the assistant's monitor, unless its files are of this very model.

    Harmful answers are dangerous, whoever asks; requests for harm are left to the assistant, which refuses
    them. Half of the town's domains are fitted on, harmless talk of the others sets the thresholds: for 1 %
    of it, or the lowest rate that there is talk enough for. The tasks that studies ask about are in neither.
    Raises `UsageError` for a town of one domain.
    """
    from eudaimon.evaluate.town.ground import TownGround
    from eudaimon.evaluate.town.guard import lowest_rate, town_monitor
    from eudaimon.models.load import load
    from eudaimon.serve.local.calibrating import calibrate
    from eudaimon.serve.local.chats import town_chats

    model = load(str(assistant.model), device=device)
    if _fits(assistant, model):
        return
    monitor = town_monitor(model, TownGround(assistant.world))
    talk, whence = town_chats(assistant.world)
    made = calibrate(monitor, talk, fpr=lowest_rate(len(talk)), whence=whence, show_progress=False)
    assistant.monitor.parent.mkdir(parents=True, exist_ok=True)
    monitor.save(assistant.monitor)
    made.save(assistant.calibration)


def _fits(assistant: TownAssistant, model: Model) -> bool:
    from eudaimon.monitor.guard_calibration import Calibration
    from eudaimon.monitor.storage import load_monitor

    try:
        Calibration.load(assistant.calibration).require(load_monitor(assistant.monitor, model))
    except (UsageError, OSError):
        return False
    return True
