"""The bound of a conversation's drift: that of a calibration along this very direction on this very model."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from eudaimon.core import Binding, Score, Site
from eudaimon.dashboard import find
from eudaimon.dashboard.drifting import bound_words, bounds_of, followed, reached
from eudaimon.monitor import Calibration
from eudaimon.vectors import Direction, DirectionSet
from eudaimon.vectors.direction import direction_hash

HERE, THERE = (Binding(checkpoint=name * 16, tokenizer="t" * 16, name=name) for name in "ab")


def direction(seed, layer=1):
    vector = np.random.default_rng(seed).normal(size=8)
    return Direction((vector / np.linalg.norm(vector)).astype(np.float32), Site(layer), "mean", "m", HERE)


def calibration(**how):
    made = {
        "binding": HERE, "monitor": "m" * 16, "input": 0.5, "whole": 0.5, "output": 0.5, "fpr": 0.02,
        "n": 128, "bound": 0.05, "whence": "<b>talk", "drift": 1.5, "direction": direction_hash(direction(0)),
    }  # fmt: skip
    return Calibration(**(made | how))


def asked(force=False):
    return SimpleNamespace(model=SimpleNamespace(binding=HERE), choice=SimpleNamespace(force=force))


@pytest.fixture
def store(tmp_path):
    calibration().save(tmp_path / "guard.json")
    calibration(direction=direction_hash(direction(1))).save(tmp_path / "guard-of-another.json")
    calibration(drift=None, direction="").save(tmp_path / "calibration.json")
    calibration(binding=THERE).save(tmp_path / "there" / "guard.json")
    (tmp_path / "broken-guard.json").write_text('{\n "format": "eudaimon-guard"')
    (tmp_path / "guard.toml.json").write_text('{"format": "something else"}')
    calibration().save(tmp_path / "elsewhere.json")
    return find(tmp_path)


def test_calibrations_are_found_by_name_and_first_words(store):
    assert [one.name for one in store.of("calibration")] == [
        "broken-guard.json", "calibration.json", "guard-of-another.json", "guard.json", "there/guard.json",
    ]  # fmt: skip


def test_only_a_bound_of_this_direction_and_model_counts(store):
    known = bounds_of(asked(), direction(0), store.of("calibration"))
    assert [one.name for one, _ in known.found] == ["guard.json"]
    broken, other = known.refused
    assert "broken-guard.json" in broken and other.startswith("there/guard.json") and "checkpoint" in other
    forced = bounds_of(asked(force=True), direction(0), store.of("calibration"))
    assert [one.name for one, _ in forced.found] == ["guard.json", "there/guard.json"]
    assert bounds_of(asked(), direction(2), store.of("calibration")).found == ()


def test_reaching_the_bound_is_past_it():
    scores = [Score(value=value, n=1) for value in (1.4, 1.5, 0.0, 2.0)]
    assert reached(scores, 1.5) == (2, 4)
    words = bound_words(calibration())
    assert all(part in words for part in ("n = 128", "<b>talk", "2 %", "1.500"))


def test_the_middle_direction_is_followed():
    every = DirectionSet((direction(0, 1), direction(1, 2), direction(2, 3)))
    assert followed(every).site == Site(2)
