"""The known answers of the town, in models raised for this test: three seeds, two arms, three domains.

What must be found is stated in the packaged known answers; nothing here is looser than there.
"""

from __future__ import annotations

import pytest

from eudaimon.study.designs import good_personas as design
from eudaimon.study.records import TownMonitors
from eudaimon.study.run import run_study
from eudaimon.study.steps.town_monitors import MONITORS, MonitorTown
from eudaimon.study.store import StepStore
from eudaimon.study.summary.directions import direction_answers
from eudaimon.study.summary.known import inequalities

OPTIONS = design.GoodPersonasOptions(
    seeds=3,
    arms=("raw", "innocent"),
    domains=("kitchen", "money", "health"),
    steps=320,
    n_tokens=500_000,
    curves=False,
)
MONITORED = tuple(
    MonitorTown(model=OPTIONS.assistant("raw", seed), world=OPTIONS.world, runs={})
    for seed in range(OPTIONS.seeds)
)
DIRECTIONS = ("tone_direction", "tone_direction_tone", "content_direction")
COLUMNS = {column.key for column in design.COLUMNS}
ENTRIES = [pytest.param(entry, id=entry.key) for entry in inequalities() if entry.column in COLUMNS]
"""Those that this design measures; the others are of a census, and are tested with it."""
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(studies):
    folder = studies / "known-answers"
    done = run_study((*design.PARTS.steps(OPTIONS), *MONITORED), folder, workers=2, show_progress=False)
    assert done.ok, done.failed
    return folder


@pytest.fixture(scope="module")
def record(folder):
    return design.PARTS.records(folder, OPTIONS)[0]


@pytest.fixture(scope="module")
def monitors(folder):
    store = StepStore(folder)
    return [
        TownMonitors.model_validate_json((store.path(step) / MONITORS).read_bytes()) for step in MONITORED
    ]


@pytest.mark.parametrize("entry", ENTRIES)
def test_what_must_hold_holds(record, entry):
    answer = next(answer for answer in record.known_answers if answer.key == entry.key)
    assert answer.n_seeds == OPTIONS.seeds
    assert answer.passed, f"{answer.situation}: {answer.claim}; measured {answer.measured}"


def test_the_ledger_refuses_every_planted_fault(record):
    answer = next(answer for answer in record.known_answers if answer.key == "ledger")
    assert answer.passed, answer.note


@pytest.mark.parametrize("entry", ENTRIES)
def test_it_holds_in_every_seed(record, entry):
    def of(column, seed):
        cell = next(
            c
            for row in entry.rows
            for c in record.cells
            if (c.row, c.column, c.scope, c.metric) == (row, column, entry.scope, entry.metric)
        )
        return cell.by_seed[str(seed)]

    for seed in range(OPTIONS.seeds):
        whole = of(entry.of_column, seed) if entry.of_column else 0.0
        assert entry.holds(of(entry.column, seed), whole), f"seed {seed}: {of(entry.column, seed)}"


@pytest.mark.parametrize("key", DIRECTIONS)
def test_directions_tell_in_every_seed_what_they_were_made_of(monitors, key):
    found = [next(a for a in direction_answers(seed) if a.key == key) for seed in monitors]
    assert len(found) == OPTIONS.seeds
    assert all(answer.passed for answer in found), [answer.measured for answer in found]


def test_the_worst_seed_stands_for_all(monitors):
    together = TownMonitors(rows=tuple(row for seed in monitors for row in seed.rows))
    for answer in direction_answers(together):
        each = [next(a for a in direction_answers(seed) if a.key == answer.key) for seed in monitors]
        assert answer.n_seeds == OPTIONS.seeds
        assert answer.measured in [one.measured for one in each]
        assert answer.passed
