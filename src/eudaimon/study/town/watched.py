"""From the finished attacks of a study to what the monitors inside them came to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from eudaimon.core.files import read_json
from eudaimon.evaluate.watch.watcher import Thresholds
from eudaimon.study.steps.attacked import WATCHED, AttackCell
from eudaimon.study.steps.town_guard import THRESHOLDS
from eudaimon.study.summary.reactivation_watched import watch_rows
from eudaimon.study.town.collect import Labelled, collect

if TYPE_CHECKING:
    from eudaimon.evaluate.attack.attack import Attack
    from eudaimon.study.store import StepStore
    from eudaimon.study.summary.compare import Tests


def watched_fields(
    store: StepStore, study: str, cells: Sequence[Labelled], attacks: Sequence[Attack], tests: Tests
) -> dict[str, Any]:
    """The fields ``watched`` and ``watchers`` of `Reactivation`; empty where no attack was watched."""
    guards = {one.step.guard for one in cells if isinstance(one.step, AttackCell) and one.step.guard}
    told = {
        Thresholds(**read_json(store.path(guard) / THRESHOLDS)).in_words()
        for guard in guards
        if store.done(guard)
    }
    rows = collect(store, study, cells, WATCHED)
    return {"watched": watch_rows(rows, attacks, tests), "watchers": tuple(sorted(told))}
