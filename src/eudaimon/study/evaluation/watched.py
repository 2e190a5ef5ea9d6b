"""The monitor inside an evaluation: a file on every subject, or the town's own, fitted on each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from eudaimon.core.errors import NotEnoughCalibration
from eudaimon.core.text import as_conversation
from eudaimon.evaluate.attack.case import Case
from eudaimon.evaluate.attack.ground import Ground, NotGiven
from eudaimon.evaluate.battery.record import WatcherNote
from eudaimon.evaluate.watch.exchange import Exchange
from eudaimon.evaluate.watch.watcher import Watcher

if TYPE_CHECKING:
    from eudaimon.evaluate.town.ground import TownGround
    from eudaimon.models.model import Model

TOWN = "town"
"""In the place of a file: a monitor that is fitted on each subject, on what the town's personas say."""
N_CHATS = 512


@dataclass(frozen=True)
class Watching:
    """Which monitor watches: ``monitor`` is a file or `TOWN`, ``rewrites`` as in `Watcher`.

    ``fpr`` is the false-positive rate of its thresholds on talk that nobody attacks; None: 1 % (or
    the lowest that there are questions for) for the town's own, the file's rate for a file.
    """

    monitor: str
    fpr: float | None = None
    rewrites: tuple[str, ...] = ()

    def watcher(self, model: Model, ground: Ground) -> tuple[Watcher, str]:
        """The watcher of a subject, and in words what differs between it and what the monitor was made on.

        A file's thresholds are set anew on the ground's good chats where there are enough of them, and are
        the file's own otherwise. It may have been fitted before adapters or another training: whether it
        still works is what is asked. Raises as `load_monitor` does for a file that cannot read the model, and
        as `town_watcher`.
        """
        if self.monitor == TOWN:
            from eudaimon.evaluate.town.guard import town_monitor, town_watcher

            town = cast("TownGround", ground)
            own = town_monitor(model, town)
            return town_watcher(model, town, own, fpr=self.fpr, rewrites=self.rewrites), ""
        from eudaimon.monitor.storage import load_monitor

        monitor = load_monitor(self.monitor, model, force=True, reads="text")
        found = Watcher.of(monitor, self.monitor, self.rewrites)
        differs = ", ".join(monitor.binding.differences(model.binding))
        try:
            benign = good_exchanges(ground)
            fpr = self.fpr or found.thresholds.fpr
            return found.calibrated(model, benign, fpr, "good chats of the ground"), differs
        except (NotGiven, NotEnoughCalibration):
            if self.fpr is not None:
                raise
            return found, differs

    def note(self, name: str, seed: int, watcher: Watcher, differs: str) -> WatcherNote:
        """What a record says of the watcher of a subject."""
        return WatcherNote(
            subject=name, seed=seed, monitor=watcher.name, differs=differs, **vars(watcher.thresholds)
        )


def good_exchanges(ground: Ground) -> list[Exchange]:
    """The ground's good chats as exchanges that do no harm, one a question; raises `NotGiven` for none."""
    found: dict[object, Exchange] = {}
    for number, row in enumerate(ground.chats(harmful=False, n=N_CHATS, seed=0)):
        *asked, answer = as_conversation(row["messages"])
        exchange = Exchange(Case(str(number), tuple(asked)), answer.content, False, str(number))
        found.setdefault(exchange.shown(0), exchange)
    return list(found.values())
