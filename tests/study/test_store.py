"""An entry is whole or absent, and a damaged one is known by its hashes."""

from __future__ import annotations

import json
from typing import ClassVar

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


class Halves(Step):
    """Goes on from its first half, unless that says otherwise."""

    resumes: ClassVar[bool] = True
    then: str

    def run(self, out, inputs):
        if (out / "first.txt").exists():
            (out / "second.txt").write_text("two")
            return
        (out / "first.txt").write_text("one")
        # As when killed while the store wrote its own files.
        (out / "run.json").write_text("{}")
        (out / ".step.json.0123").write_text("{")
        raise {"killed": KeyboardInterrupt, "failed": ValueError}[self.then]


def test_a_step_that_resumes_finds_what_a_killed_run_of_it_left(store):
    step = Halves(then="killed")
    with pytest.raises(KeyboardInterrupt):
        store.compute(step)
    assert store.clean() == 0 and not store.done(step)
    assert store.compute(step)
    assert {path.name for path in store.path(step).iterdir()} == {
        "first.txt", "second.txt", "run.json", "step.json",
    }  # fmt: skip
    assert json.loads((store.path(step) / "run.json").read_text())["resumed"]
    assert list(store.steps.iterdir()) == [store.path(step)]


def test_other_versions_of_the_packages_do_not_go_on_with_it(store, monkeypatch):
    step = Halves(then="killed")
    with pytest.raises(KeyboardInterrupt):
        store.compute(step)
    monkeypatch.setattr("eudaimon.study.store.versions", lambda: {"torch": "another"})
    with pytest.raises(KeyboardInterrupt):
        store.compute(step)
    assert len(list(store.steps.iterdir())) == 1
    assert store.compute(step)


def test_a_step_that_resumes_begins_afresh_after_an_error(store):
    step = Halves(then="failed")
    for _ in range(2):
        with pytest.raises(ValueError):
            store.compute(step)
        assert list(store.steps.iterdir()) == []
