from __future__ import annotations

import numpy as np
import pytest

from eudaimon.core.errors import UsageError
from eudaimon.core.score import Score
from eudaimon.measure import Hypothesis, benjamini_hochberg, decide, equivalent_paired, holm, verdicts

UP, DOWN = Score(value=0.1, low=0.02, high=0.18, n=5), Score(value=-0.1, low=-0.18, high=-0.02, n=5)


@pytest.mark.parametrize(
    ("direction", "score", "p", "p_equivalent", "word"),
    [
        ("more", UP, 0.01, 0.9, "supported"),
        ("less", DOWN, 0.01, 0.9, "supported"),
        ("less", UP, 0.01, 0.9, "not supported"),
        ("more", DOWN, 0.01, 0.9, "not supported"),
        ("more", UP, 0.01, 0.01, "not supported"),
        ("more", UP, 0.2, 0.01, "not supported"),
        ("less", UP, 0.2, 0.01, "not supported"),
        ("more", UP, 0.2, 0.9, "undecided"),
        ("more", DOWN, 0.2, 0.9, "undecided"),
        ("more", UP, 0.05, 0.9, "supported"),
    ],
)
def test_the_table_of_rules(direction, score, p, p_equivalent, word):
    found = decide(
        "H1", direction, score, p / 2, p, bound=0.03, p_equivalent=p_equivalent, method="holm", n_tests=2
    )
    assert found.word == word
    assert str(found).startswith(f"H1: {word}. The difference is {score.value:+.3f} [")
    assert ("not shown to differ" in str(found)) == (p > 0.05)
    assert ("not shown to be smaller than 0.03" in str(found)) == (p_equivalent > 0.05)
    assert ("More seeds" in str(found)) == (word == "undecided")


def test_a_family_is_decided_from_its_panels(panel):
    rng = np.random.default_rng(0)
    base = rng.beta(4, 6, size=(6, 40))

    def arm(shift, noise=0.01):
        return panel(base + shift + noise * rng.normal(size=base.shape))

    found = {
        one.name: one
        for one in verdicts(
            [
                Hypothesis("up", "more", arm(0.2), arm(0), 0.05),
                Hypothesis("down", "less", arm(0.2), arm(0), 0.05),
                Hypothesis("same", "more", arm(0), arm(0), 0.05),
                Hypothesis("small", "more", arm(0.02), arm(0), 0.05),
                Hypothesis("noisy", "more", arm(0, noise=1.0), arm(0, noise=1.0), 0.05),
            ]
        )
    }
    words = {name: one.word for name, one in found.items()}
    assert words == {
        "up": "supported",
        "down": "not supported",
        "same": "not supported",
        "small": "not supported",
        "noisy": "undecided",
    }
    assert found["small"].p_adjusted <= 0.05
    assert [one.p_adjusted for one in found.values()] == holm([one.p for one in found.values()]).tolist()
    assert {one.n_tests for one in found.values()} == {5}


def test_adjustment_can_take_a_support_away(panel):
    rng = np.random.default_rng(3)
    table = rng.normal(size=(6, 20))
    table += 0.35 - table.mean()
    alone = Hypothesis("h", "more", panel(table), panel(np.zeros((6, 20))), 0.01)
    others = [
        Hypothesis(f"null {k}", "more", panel(rng.normal(size=(6, 20))), panel(np.zeros((6, 20))), 0.01)
        for k in range(8)
    ]
    assert verdicts([alone], method="holm")[0].word == "supported"
    assert verdicts([alone, *others], method="none")[0].word == "supported"
    assert verdicts([alone, *others], method="holm")[0].word == "undecided"


def test_equivalence_is_symmetric_and_needs_a_bound(panel):
    rng = np.random.default_rng(4)
    a, b = (panel(0.5 + 0.02 * rng.normal(size=(5, 20))) for _ in range(2))
    there, back = equivalent_paired(a, b, 0.05), equivalent_paired(b, a, 0.05)
    assert there.equivalent
    assert there.p == pytest.approx(back.p, abs=1e-3)
    assert not equivalent_paired(a, b, 1e-4).equivalent
    with pytest.raises(UsageError, match="equivalence bound is 0"):
        equivalent_paired(a, b, 0)


def test_benjamini_hochberg_on_a_worked_example():
    p = [0.01, 0.04, 0.03, 0.005]
    assert benjamini_hochberg(p) == pytest.approx([0.02, 0.04, 0.04, 0.02])
    assert (benjamini_hochberg(p) <= holm(p)).all()
    with pytest.raises(UsageError, match="outside of"):
        benjamini_hochberg([1.2])


def test_names_of_a_family_are_there_and_differ(panel):
    with pytest.raises(UsageError, match="at least one"):
        verdicts([])
    one = Hypothesis("H", "more", panel(np.eye(3)), panel(np.zeros((3, 3))), 0.1)
    with pytest.raises(UsageError, match="each name once"):
        verdicts([one, one])
