"""Costs one by one: kept, not read again, and a cost that lacks something is a gap."""

from __future__ import annotations

import pytest

from eudaimon.evaluate.attack.ground import NotGiven
from eudaimon.evaluate.battery.costs import cost_notes, run_costs
from eudaimon.evaluate.cost.cost import Cost, Metric
from eudaimon.evaluate.cost.registry import cost_named, costs
from eudaimon.evaluate.rows import Label
from eudaimon.evaluate.town.ground import TownGround


@pytest.fixture
def counted(monkeypatch):
    """Two costs instead of all: one that counts how often it is read, and one that lacks a file."""
    read = []

    def rows(model, ground, label):
        read.append(ground.name)
        values = {"q1": 0.25, "q2": 0.75}
        return [
            label.row(question, "0", "left", value, judge="j", subject="s")
            for question, value in values.items()
        ]

    def lacks(model, ground, label):
        raise NotGiven("no file of it", do="--file")

    metric = Metric("left", "what is left", "share", "higher")
    made = {
        "one": Cost("one", "One", "?", (metric,), "x", rows, rows),
        "two": Cost("two", "Two", "?", (metric,), "x", lacks, lacks),
    }
    for module in ("eudaimon.evaluate.cost.run", "eudaimon.evaluate.battery.costs"):
        monkeypatch.setattr(f"{module}.cost_named", made.__getitem__)
    return [*made.values()], read


def test_a_cost_is_read_once_and_what_lacks_something_is_listed(counted, world, tmp_path):
    wanted, read = counted
    done = [
        run_costs(None, TownGround(world), wanted, tmp_path, label=Label(cell={"subject": "m"}))
        for _ in range(2)
    ]
    assert read == ["town"] and list(done[0].rows) == list(done[1].rows)
    assert [(gap.attack, gap.kind) for gap in done[0].gaps] == [("cost two", "not given")]
    (note,) = cost_notes(done[0].rows, "m", n_resamples=50)
    assert (note.cost, note.metric, note.score.value, note.score.n) == ("one", "left", 0.5, 2)
    assert (note.unit, note.better) == ("share", "higher")


def test_every_cost_of_the_town_has_a_note(model, world, tmp_path):
    cheap = [cost for cost in costs() if cost.name in ("over_refusal", "difficult_topics")]
    done = run_costs(model, TownGround(world), cheap, tmp_path)
    assert not done.gaps and cheap
    for note in cost_notes(done.rows, "m", n_resamples=20):
        assert note.unit == cost_named(note.cost).metric(note.metric).unit
