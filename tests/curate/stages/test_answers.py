"""From what heads say to scores: laws of the answers, and two readers as one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.curate.labelled.segment import LabelledSegment, harmless
from eudaimon.curate.stages.answers import ACTS, DISTANT, DOUBT, NONE, answers, faded, lifted, stances
from eudaimon.curate.stages.blend import LEAST, LONG, Blend, fit_blend
from eudaimon.curate.stages.heads import ANY, Head
from eudaimon.curate.taxonomy import STANCES

SHARES = st.lists(st.floats(0.001, 1), min_size=6, max_size=6).map(
    lambda values: np.array([values]) / sum(values)
)
HEADS = (
    Head("harm", "binary", ("hate", "fraud")),
    Head(ANY, "binary", (ANY,)),
    Head("severity", "ordinal", ("over 0", "over 1", "over 2", "over 3", "over 4")),
    Head("stance", "classes", STANCES),
)


def said(n: int = 1, *, harm=(0.3, 0.2), any_harm=0.8, severity=3, stance=(0.2, 0.2, 0.2, 0, 0.35, 0.05)):
    return {
        "harm": np.tile(harm, (n, 1)),
        ANY: np.full((n, 1), any_harm),
        "severity": np.tile([float(k < severity) for k in range(5)], (n, 1)),
        "stance": np.tile(stance, (n, 1)),
    }


def test_categories_share_out_a_harm_and_none_of_them_hides_it() -> None:
    found = answers(HEADS, said())
    assert found["harm_hate"][0] == pytest.approx(0.8)
    assert found["harm_fraud"][0] == pytest.approx(0.8 * 0.2 / 0.3, abs=1e-5)
    assert found["severity"][0] == pytest.approx(3.0)
    assert STANCES[found["stance"][0]] in ("enacts", "advocates", "instructs"), "three acts, .6 in all"


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=3, max_size=3), st.floats(0, 1), st.floats(0, 5))
def test_the_likeliest_category_is_as_probable_as_any_and_severity_fades(values, harm, severity) -> None:
    found = lifted(np.array([values]), np.array([harm]))[0]
    if max(values) > 1e-9:
        assert found.max() == pytest.approx(harm)
        assert np.argmax(found) == np.argmax(values) or harm < 1e-9
    at, below = faded(np.full(2, severity), np.array([max(harm, 0.5), harm / 2]))
    assert at == severity and below == pytest.approx(severity * harm)


@settings(max_examples=30, deadline=None)
@given(SHARES)
def test_the_stance_is_of_the_likeliest_group_and_never_none_where_there_is_harm(shares) -> None:
    groups = [shares[0, list(part)].sum() for part in (ACTS, DISTANT, (NONE,))]
    code, sure = stances(shares, None)
    part = (ACTS, DISTANT, (NONE,))[int(np.argmax(groups))]
    assert code[0] in part and sure[0] == pytest.approx(max(groups))
    assert shares[0, code[0]] == max(shares[0, k] for k in part)
    assert stances(shares, np.array([0.5]))[0][0] != NONE


def test_what_is_not_known_stays_unknown() -> None:
    unknown = {name: np.full_like(values, np.nan) for name, values in said().items()}
    found = answers(HEADS, unknown)
    assert found["stance"].tolist() == [-1]
    assert all(np.isnan(found[name]).all() for name in ("harm_hate", "severity", DOUBT))


def rows(harms: np.ndarray) -> list[LabelledSegment]:
    return [
        LabelledSegment(
            "x",
            "s",
            f"g{k}",
            "calibration",
            harm={"hate": 1.0} if bad else harmless(),
            stance="enacts" if bad else "none",
        )
        for k, bad in enumerate(harms.tolist())
    ]


def test_two_readers_who_err_in_different_places_are_better_than_either() -> None:
    rng = np.random.default_rng(0)
    bad = np.arange(400) % 4 == 0
    own, first = (1 / (1 + np.exp(-(np.where(bad, 1.0, -1.0) + rng.normal(0, 1.2, 400)))) for _ in range(2))
    given = {ANY: own[:, None]}
    blend = fit_blend(given, {"harm_hate": first}, rows(bad))
    assert blend.harm is not None and blend.acts is None and min(blend.harm[:2]) > 0.3
    mixed = blend(given, {"harm_hate": first}, ["x"] * 400)[ANY][:, 0]

    def errors(p: np.ndarray) -> float:
        return 0.5 * (p[bad] < 0.5).mean() + 0.5 * (p[~bad] >= 0.5).mean()

    assert errors(mixed) < min(errors(own), errors(first))
    few = rows(bad[: 4 * LEAST - 4])
    assert fit_blend({ANY: own[: len(few), None]}, {"harm_hate": first[: len(few)]}, few) == Blend()


def test_what_a_voice_does_is_blended_where_there_is_harm_and_takes_nothing_from_none() -> None:
    rng = np.random.default_rng(0)
    acting = np.arange(300) % 2 == 0
    shares = rng.uniform(0.05, 1, (300, 6))
    shares[:, list(ACTS)] *= np.where(acting, 2.0, 1.0)[:, None]
    shares /= shares.sum(axis=1, keepdims=True)
    first = np.clip(np.where(acting, 0.7, 0.3) + rng.normal(0, 0.2, 300), 0.01, 0.99)
    harmed = [replace(each, harm={"hate": 1.0}, stance="enacts" if acts else "condemns")
              for each, acts in zip(rows(acting), acting, strict=True)]  # fmt: skip
    blend = fit_blend({"stance": shares}, {"acts": first}, harmed)
    assert blend.acts is not None and blend.harm is None and min(blend.acts[:2]) > 0.1
    mixed = blend({"stance": shares}, {"acts": first}, ["x"] * 300)["stance"]
    np.testing.assert_allclose(mixed.sum(axis=1), 1)
    np.testing.assert_allclose(mixed[:, NONE], shares[:, NONE])

    def errors(found: np.ndarray) -> float:
        said = found[:, list(ACTS)].sum(axis=1) >= found[:, list(DISTANT)].sum(axis=1)
        return float((said != acting).mean())

    assert errors(mixed) < errors(shares)
    # Rows in which nobody is harmed say nothing about what is done with harm.
    assert fit_blend({"stance": shares}, {"acts": first}, rows(np.zeros(300, bool))).acts is None


def test_a_small_source_counts_nearly_as_much_as_a_large_one() -> None:
    bad = np.arange(1000) % 2 == 0
    small = np.arange(1000) >= 900
    own = np.where(small, np.where(bad, 0.9, 0.1), 0.5)
    first = np.where(small, 0.5, np.where(bad, 0.9, 0.1))
    alike = [replace(row, source="b" if few else "a") for row, few in zip(rows(bad), small, strict=True)]
    of_both = fit_blend({ANY: own[:, None]}, {"harm_hate": first}, alike).harm
    of_one = fit_blend({ANY: own[:, None]}, {"harm_hate": first}, rows(bad)).harm
    assert of_both is not None and of_one is not None
    assert of_both[0] / of_both[1] > of_one[0] / of_one[1]


def test_a_blend_leaves_alone_what_the_first_stages_did_not_score() -> None:
    blend = Blend(harm=(0.5, 1.0, 0.0), acts=(1.0, 1.0, 0.0))
    given = said(2)
    found = blend(given, {"harm_hate": np.array([np.nan, 0.01]), "acts": np.array([np.nan, 0.01])}, ["x"] * 2)
    assert found[ANY][0, 0] == 0.8 and found[ANY][1, 0] < 0.1
    np.testing.assert_allclose(found["stance"].sum(axis=1), 1)
    np.testing.assert_allclose(found["stance"][0], given["stance"][0])
    assert found["stance"][1, list(ACTS)].sum() < 0.05
    assert blend(given, {}, ["x"] * 2)[ANY][0, 0] == 0.8
    # Long voices have weights of their own, and none here.
    assert blend(given, {"harm_hate": np.full(2, 0.01)}, ["x" * LONG, "x"])[ANY][:, 0].round(1).tolist() == [
        0.8,
        0.0,
    ]
