"""The town's monitor inside attacks, where the truth is known."""

from __future__ import annotations

import pytest

from eudaimon.core import UsageError
from eudaimon.core.errors import NotEnoughCalibration
from eudaimon.evaluate.town.ground import TownGround
from eudaimon.evaluate.town.guard import town_monitor, town_watcher
from eudaimon.world.world import World


def test_it_learns_from_no_task_that_is_asked_and_from_no_domain_that_sets_a_threshold(model):
    ground = TownGround(World(domains=("kitchen", "money", "health")))
    monitor = town_monitor(model, ground)
    fitted, set_by = (set(monitor.record[name]["sources"]) for name in ("train", "calibration"))
    assert fitted == {"kitchen", "health"} and set_by == {"money"}
    watcher = town_watcher(model, ground, monitor, fpr=0.05)
    assert watcher.thresholds.n == 32 and watcher.thresholds.fpr == 0.05
    with pytest.raises(NotEnoughCalibration, match="67 are missing"):
        town_watcher(model, ground, monitor, fpr=0.01)


def test_the_whole_town_has_enough_for_one_in_a_hundred(model):
    ground = TownGround(World())
    assert town_watcher(model, ground, town_monitor(model, ground)).thresholds.n >= 99


def test_a_town_of_one_domain_is_too_small(model):
    with pytest.raises(UsageError, match="one domain"):
        town_monitor(model, TownGround(World(domains=("kitchen",))))
