"""An entry is whole or absent, and a damaged one is known by its hashes."""

from __future__ import annotations

import json

import pytest

from eudaimon.core.errors import UsageError
from eudaimon.study.step import Step
from eudaimon.study.store import StepStore


@pytest.fixture
def store(tmp_path):
    return StepStore(tmp_path)


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


DAMAGES = {
    "a flipped bit": lambda folder: flip(folder / "rows.txt"),
    "cut off": lambda folder: (folder / "rows.txt").write_bytes(b"x"),
    "missing": lambda folder: (folder / "rows.txt").unlink(),
    "manifest cut off": lambda folder: (folder / "step.json").write_text('{"files": {'),
    "manifest of another kind": lambda folder: (folder / "step.json").write_text("[]"),
}


def test_computed_once(steps, store):
    step = steps.Seeded(seed=1)
    assert not store.done(step)
    assert store.compute(step) and store.done(step)
    assert not store.compute(step)
    assert (store.path(step) / "rows.txt").read_text().count("\n") == 50
    assert store.seconds(step) >= 0 and store.damage(step) == ""


def test_the_manifest_is_the_same_whenever_it_ran(steps, tmp_path):
    step = steps.Mixed(parts=(steps.Seeded(seed=1),))
    stores = [StepStore(tmp_path / name) for name in "ab"]
    for store in stores:
        store.compute(step.parts[0])
        store.compute(step)
    first, second = ((store.path(step) / "step.json").read_bytes() for store in stores)
    assert first == second
    assert set(json.loads(first)["files"]) == {"deep/hash.txt"}


def test_a_missing_input_is_an_error(steps, store):
    with pytest.raises(UsageError, match=r"parts\.0"):
        store.compute(steps.Mixed(parts=(steps.Seeded(seed=1),)))


@pytest.mark.parametrize("how", ["raises", "disk full"])
def test_a_failed_step_leaves_nothing(steps, store, how):
    with pytest.raises((ValueError, OSError)):
        store.compute(steps.Broken(how=how))
    assert list(store.steps.iterdir()) == []


@pytest.mark.parametrize("how", DAMAGES)
def test_damage_is_seen(steps, store, how):
    step = steps.Seeded(seed=1)
    store.compute(step)
    DAMAGES[how](store.path(step))
    assert step.key in store.damage(step) and "\n" not in store.damage(step)
    store.discard(step)
    assert store.compute(step) and store.damage(step) == ""


def test_a_folder_without_a_manifest_is_not_a_result(steps, store):
    step = steps.Seeded(seed=1)
    store.path(step).mkdir(parents=True)
    (store.path(step) / "rows.txt").write_text("half")
    assert store.compute(step)
    assert (store.path(step) / "rows.txt").read_text().count("\n") == 50


def test_temporaries_of_the_dead_are_cleaned_and_those_of_the_living_stay(steps, store):
    from eudaimon.jobs.lock import locked

    dead, living = steps.Seeded(seed=1), steps.Seeded(seed=2)
    for step in (dead, living):
        (store.steps / f".{step.key}.0123").mkdir(parents=True)
    with locked(store.lock(living), wait=False):
        assert store.clean() == 1
    assert [path.name for path in store.steps.iterdir()] == [f".{living.key}.0123"]


class Writes(Step):
    name: str

    def run(self, out, inputs):
        if self.name == "link":
            (out / "link").symlink_to("/dev/null")
        else:
            (out / self.name).write_text("mine")


@pytest.mark.parametrize("name", ["link", "step.json", "run.json"])
def test_what_a_step_may_not_write(store, name):
    with pytest.raises(UsageError, match=name):
        store.compute(Writes(name=name))
    assert not store.done(Writes(name=name))
