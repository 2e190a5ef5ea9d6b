"""What needs no judge, subject by subject: kept as it is read, and missing with its reason."""

from __future__ import annotations

import pytest

from eudaimon.core.score import Score
from eudaimon.evaluate.battery import judge_free as module
from eudaimon.evaluate.battery.judge_free import Texts, judge_free_notes, run_judge_free
from eudaimon.evaluate.judge_free.matched import Matched
from eudaimon.evaluate.judge_free.separability import LayerSeparability
from eudaimon.evaluate.rows import Label
from eudaimon.models import load

PAIRS = [Matched(f"q{k}", (f"bad {k}",), (f"good {k}",)) for k in range(3)]


@pytest.fixture(scope="module")
def llama(tiny):
    return load(tiny("llama"), device="cpu")


def test_too_few_pairs_leave_a_gap_and_the_rest_is_there(llama, tmp_path):
    told = run_judge_free(llama, Texts.of(PAIRS), tmp_path, label=Label(cell={"subject": "m"}))
    (gap,) = told.gaps
    assert gap.attack == "judge-free separability" and "3 pairs" in gap.why and told.layers == ()
    assert {row.metric for row in told.rows} == {"log_odds", "gap", "chosen"}
    assert {row.cell["subject"] for row in told.rows} == {"m"}


def test_it_goes_on_where_it_was_stopped(llama, tmp_path, monkeypatch):
    layer = LayerSeparability(1, Score(value=0.8, low=0.7, high=0.9, n=8), Score(value=0.5, n=39), 0.025)
    monkeypatch.setattr(module, "separability", lambda model, pairs: (layer,))
    first = run_judge_free(llama, Texts.of(PAIRS), tmp_path)

    def never(*_, **__):
        raise AssertionError("read again")

    monkeypatch.setattr(module, "separability", never)
    monkeypatch.setattr(module, "matched_rows", never)
    again = run_judge_free(llama, Texts.of(PAIRS), tmp_path)
    assert list(again.rows) == list(first.rows) and again.layers == first.layers == (layer,)
    notes = judge_free_notes(again.rows, [(4, layer)], "m", n_resamples=20)
    assert [(note.metric, note.layer, note.seed, note.p) for note in notes][-1] == (
        "separability",
        1,
        4,
        0.025,
    )
    assert all(note.score.n == 3 for note in notes[:-1])
