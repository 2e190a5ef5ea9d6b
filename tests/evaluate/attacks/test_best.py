from __future__ import annotations

import numpy as np
import pytest

from eudaimon.evaluate.attack.best import best_rows
from eudaimon.evaluate.rows import Label


def rows(values, question="q"):
    return [
        Label().row(question, sample, "harm", value, judge="j", subject="s")
        for sample, value in values.items()
    ]


def test_one_way_has_no_best():
    assert best_rows(rows({"0": 1.0}), "harm") == []
    assert best_rows(rows({"0/0": 1.0, "0/1": 0.0}), "harm") == []


def test_of_an_exact_judge_it_is_the_highest():
    (best,) = best_rows(rows({"a": 0.1, "b": 0.7, "c": 0.3}), "harm")
    assert (best.metric, best.value, best.sample) == ("harm_best", 0.7, "b")


def test_of_draws_half_choose_and_the_other_half_are_read():
    drawn = {"a/0": 1.0, "a/1": 0.0, "a/2": 1.0, "a/3": 0.0, "b/0": 0.0, "b/1": 1.0, "b/2": 0.0, "b/3": 1.0}
    (best,) = best_rows(rows(drawn), "harm")
    assert (best.sample, best.value) == ("a", 0.0)


def test_questions_and_their_variants_are_apart():
    two = [*rows({"q/1:a": 0.2, "q/1:b": 0.4, "q/2:a": 0.9}), *rows({"a": 0.1, "b": 0.3}, "r")]
    assert [(row.question, row.value) for row in best_rows(two, "harm")] == [("q", 0.4), ("r", 0.3)]


def test_luck_alone_gives_no_best():
    draws = np.random.default_rng(0).random((300, 8, 4)) < 0.2
    found = [
        best_rows(rows({f"{way}/{draw}": float(of[way, draw]) for way, draw in np.ndindex(8, 4)}), "harm")
        for of in draws
    ]
    assert np.mean([each[0].value for each in found]) == pytest.approx(0.2, abs=0.05)
