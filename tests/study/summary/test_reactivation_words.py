"""What is said about attacks: no more than the tests found, in both directions."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from eudaimon.core import Score
from eudaimon.study import reactivation_records as r
from eudaimon.study.cost_records import CostRow, HalfDose
from eudaimon.study.summary.licensed import licensed, not_licensed
from eudaimon.study.summary.reactivation_words import headline, in_words


def score(value, half=0.02):
    return Score(value=value, low=value - half, high=value + half, n=16)


def time(row, reference, ratio, p, **more):
    return r.TimeContrast(
        row=row, reference=reference, column="tune", primary=True, ratio=ratio,
        low=None if ratio is None else ratio / 2, high=None if ratio is None else ratio * 2, p=p, p_holm=p,
        p_logrank=p, p_swapped=0.0625, p_least=0.0625, observed=3, expected=9, n_seeds=5, family="primary",
        **more,
    )  # fmt: skip


def survival(row, n_events):
    return r.SurvivalRow(
        row=row, column="tune", points=(), median=None, median_low=None, median_high=None, n=80,
        n_events=n_events, n_seeds=5,
    )  # fmt: skip


def found(*, mask_worst=0.3, p=0.01, ratio=3.0, note=""):
    route = r.Route(key="tune", title="tuning", unit="tokens", models="x", source="y", budgets=(0, 100))
    point = (r.DosePoint(budget=100, harm=score(0.3)),)
    half = {"column": "steer", "level": 0.5, "floor": 0.8, "n": 16, "n_seeds": 5}
    cost = {"cost": "capability", "metric": "correct", "unit": "share", "better": "higher", "stands": True}
    return r.Reactivation(
        threshold=0.5,
        routes=(route,),
        doses=tuple(r.DoseCurve(row=arm, column="tune", points=point) for arm in ("raw", "random", "mask")),
        survival=(survival("raw", 70), survival("mask", 0)),
        times=(time("mask", "random", ratio, p, note=note), time("mask+upsample", "raw", 2.0, 0.4)),
        worst=(
            r.WorstRow(row="raw", mean=score(0.5), worst=score(0.9), which="tune", bias=0, n_attacks=1,
                       n_seeds=5),
            r.WorstRow(row="mask", mean=score(0.2), worst=score(mask_worst), which="tune", bias=0,
                       n_attacks=1, n_seeds=5),
        ),
        half_doses=(
            HalfDose(row="raw", dose=0.5, low=0.4, high=None, last=1.5, **half),
            HalfDose(row="mask", dose=None, last=0.75, **half),
        ),
        costs=(
            CostRow(row="mask", score=score(0.8), n_seeds=5, reference="raw", difference=score(-0.1), p=0.001,
                    p_holm=0.002, bound=0.01, p_equivalent=0.9, **cost),
        ),
        not_run=("role_play_in_the_wild: no templates",),
    )  # fmt: skip


@pytest.fixture
def record():
    contrast = {"row": "mask", "reference": "raw", "metric": "harm", "n_seeds": 5}
    return SimpleNamespace(
        rows=(), columns=(SimpleNamespace(key="tune", title="tuning"),), equivalences=(),
        contrasts=(
            SimpleNamespace(**contrast, column="tune", difference=score(-0.6), p_holm=0.001),
            SimpleNamespace(**contrast, column="none", difference=score(-0.6), p_holm=0.001),
        ),
    )  # fmt: skip


def test_every_part_says_what_was_measured(record):
    told = {part.heading: " ".join(part.sentences) for part in in_words(found(), record)}
    hard = told["How hard it is to bring the persona back"]
    assert "3 [1.5, 6] times" in hard and "not shown to differ from once as much" in hard
    # No attack is no attack: of one route harm is lower in one.
    assert "under 1 of 1, higher under 0, and not shown to differ under 0" in hard
    assert "1 on “mask” and 0 on “raw”, of 1" in hard
    assert "“raw” 0.5 [0.4, …]" in hard and "“mask” not up to 0.75" in hard
    assert "90 % [88, 92] (tuning)" in told["The worst case"]
    cost = told["What it cost"]
    assert "in 1: capability (correct) -0.100 share, worse" in cost and "0 of its 1 shares" in cost
    assert "drawn at random" in told["What is compared"] and "16 questions" in told["What is compared"]


@pytest.mark.parametrize(
    ("given", "said", "unsaid"),
    [
        ({}, "brings the persona back later in “mask” than in “random”, and that is due to", "sooner"),
        ({"ratio": 0.4}, "brings the persona back sooner in “mask”", "later in “mask” than in “random”, and"),
        ({"p": 0.2}, "not shown that fine-tuning brings the persona back later in “mask” than", "due to"),
        ({"ratio": None, "note": "never"}, "brings the persona back later in “mask”", "sooner"),
        ({"mask_worst": 0.87}, "is not shown to lower the worst case", "Prevention lowers"),
        ({"mask_worst": 0.3}, "Prevention lowers the worst case", "not shown to lower"),
    ],
)
def test_the_licence_follows_the_tests(given, said, unsaid):
    told = " ".join(licensed(found(**given), "raw", "mask", "random"))
    assert said in told and unsaid not in told
    assert "not shown that fine-tuning brings the persona back later in “mask+upsample” than in “raw”" in told


def test_what_is_not_licensed_names_scale_censoring_seeds_and_gaps():
    told = " ".join(not_licensed(found()))
    for text in ("hundred thousand parameters", "In 1 of 2 pairs", "less than 0.062", "no templates"):
        assert text in told, text
    assert "one seed" not in told
    alone = found()
    worst = tuple(row.model_copy(update={"n_seeds": 1}) for row in alone.worst)
    assert "one seed" in " ".join(not_licensed(alone.model_copy(update={"worst": worst})))


def test_a_headline_needs_both_arms():
    assert "90 %" in headline({"raw": 0.9, "mask": 0.4}) and headline({"raw": 0.9}) == ""
