"""Finished probes of a study's lessons, as its record has them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from eudaimon.core.files import read_json
from eudaimon.study.probe_records import ProbedLesson
from eudaimon.study.steps.module_probe import EFFECTS, ModuleProbe
from eudaimon.study.store import StepStore
from eudaimon.study.summary.compare import Tests
from eudaimon.study.summary.probes import probed_lesson


@dataclass(frozen=True)
class Probed:
    """The probe of a lesson that was trained beside the adapter of ``row`` in a seed."""

    row: str
    seed: int
    step: ModuleProbe


def probed(store: StepStore, probes: Iterable[Probed], *, n_resamples: int) -> tuple[ProbedLesson, ...]:
    """The lessons of each row whose probes are finished; the others are left out."""
    found: dict[str, dict[int, Any]] = {}
    for one in probes:
        if store.done(one.step):
            found.setdefault(one.row, {})[one.seed] = read_json(store.path(one.step) / EFFECTS)
    return tuple(probed_lesson(row, by_seed, Tests(n_resamples)) for row, by_seed in found.items())
