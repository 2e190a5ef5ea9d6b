"""The known answers of the town, in models raised for this test: three seeds, two arms, three domains.

What must be found is stated in the packaged known answers; nothing here is looser than there.
"""

from __future__ import annotations

import pytest

from eudaimon.study.designs import good_personas as design
from eudaimon.study.run import run_study
from eudaimon.study.summary.known import inequalities

OPTIONS = design.GoodPersonasOptions(
    seeds=3,
    arms=("raw", "innocent"),
    domains=("kitchen", "money", "health"),
    steps=320,
    n_tokens=500_000,
    curves=False,
)
ENTRIES = [pytest.param(entry, id=entry.key) for entry in inequalities()]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def record(studies):
    folder = studies / "known-answers"
    done = run_study(design.PARTS.steps(OPTIONS), folder, workers=2, show_progress=False)
    assert done.ok, done.failed
    return design.PARTS.records(folder, OPTIONS)[0]


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
