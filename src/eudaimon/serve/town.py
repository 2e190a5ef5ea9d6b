"""The quickstart's assistant, and two monitors of its own that are fitted when it is first served."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from eudaimon.core import UsageError

if TYPE_CHECKING:
    from eudaimon.models.model import Model
    from eudaimon.world.world import World

QUICKSTART = Path("runs/quickstart")
SAY = "--chats town:runs/quickstart, or --chats town:all"
MONITOR, ANSWERS = "town-guard/monitor.safetensors", "town-guard/answers.safetensors"
CALIBRATION = "town-guard/calibration.json"


@dataclass(frozen=True)
class TownAssistant:
    """An assistant of the town: its model's folder, the town, and the folder of the run that raised it."""

    model: Path
    world: World
    run: Path

    @property
    def monitor(self) -> Path:
        """Where the monitor of what is asked is kept."""
        return self.run / MONITOR

    @property
    def answers(self) -> Path:
        """Where the monitor of its answers is kept."""
        return self.run / ANSWERS

    @property
    def calibration(self) -> Path:
        """Where the thresholds of both are kept."""
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


def town_of(run: Path) -> World:
    """The town in which a run raised its models; raises `UsageError` where the folder holds no such run."""
    from eudaimon.study.folder import open_study
    from eudaimon.study.town.options import TownOptions

    study, options = open_study(run)
    if not isinstance(options, TownOptions):
        raise UsageError(f"{run} holds the study {study.name}, which raises no model in the town", do=SAY)
    return options.world


def run_above(model: str | Path) -> Path:
    """The folder of the run below which a model's folder lies; raises `UsageError` where there is none."""
    from eudaimon.study.folder import RECORD

    place = Path(model).resolve()
    for folder in place.parents if place.is_dir() else ():
        if (folder / RECORD).is_file():
            return folder
    raise UsageError(
        f"it is not known in which town {model} was raised: it lies below no run",
        right="the folder of the run that raised it, or all domains of the town",
        do=SAY,
    )


def guard_assistant(assistant: TownAssistant, *, device: str | None = None) -> None:
    """Fit and calibrate the assistant's monitors, unless their files are of this very model.

    One reads what is asked, where requests for harm are dangerous and so are orders to be harmful; the other
    reads answers in their context. Half of the town's domains are fitted on, harmless talk of the others sets
    the thresholds: for 1 % of it, or the lowest rate that there is talk enough for. The tasks that studies
    ask about are in neither. Raises `UsageError` for a town of one domain.
    """
    from eudaimon.models.load import load

    model = load(str(assistant.model), device=device)
    if _fits(assistant, model):
        return
    from eudaimon.evaluate.town.ground import TownGround
    from eudaimon.evaluate.town.guard import WHENCE, lowest_rate
    from eudaimon.evaluate.town.served import answer_monitor, request_monitor, served_chats
    from eudaimon.serve.local.calibrating import calibrate

    ground = TownGround(assistant.world)
    monitor, answers, talk = (
        request_monitor(model, ground),
        answer_monitor(model, ground),
        served_chats(ground),
    )
    made = calibrate(
        monitor,
        talk,
        fpr=lowest_rate(len(talk)),
        whence=f"the town's {WHENCE}",
        answers=answers,
        show_progress=False,
    )
    assistant.monitor.parent.mkdir(parents=True, exist_ok=True)
    monitor.save(assistant.monitor)
    answers.save(assistant.answers)
    made.save(assistant.calibration)


def _fits(assistant: TownAssistant, model: Model) -> bool:
    from eudaimon.monitor.guard_calibration import Calibration
    from eudaimon.monitor.storage import load_monitor

    try:
        own = load_monitor(assistant.monitor, model), load_monitor(assistant.answers, model)
        Calibration.load(assistant.calibration).require(*own)
    except (UsageError, OSError):
        return False
    return True
