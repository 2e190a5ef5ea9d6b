from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit

from eudaimon.core.errors import UsageError
from eudaimon.measure import mixed_logit
from eudaimon.measure.crossed import FAMILIES, fit_crossed

FEW = settings(max_examples=20, deadline=None)


def counts(rng, n_seeds=5, n_questions=40, samples=10, base=-1.0, effect=0.8, sds=(1.0, 0.4, 0.3, 0.3, 0.3)):
    """Hits and trials [arms, seeds, questions] of the model that is fitted."""
    question, question_arm, seed, seed_arm, cell = sds
    x = np.array([0.5, -0.5])[:, None, None]
    eta = (
        base
        + effect * x
        + question * rng.normal(size=(1, 1, n_questions))
        + x * question_arm * rng.normal(size=(1, 1, n_questions))
        + seed * rng.normal(size=(1, n_seeds, 1))
        + x * seed_arm * rng.normal(size=(1, n_seeds, 1))
        + cell * rng.normal(size=(2, n_seeds, n_questions))
    )
    return rng.binomial(samples, expit(eta)).astype(float), np.full(eta.shape, float(samples))


def rows(hits, trials):
    """Long rows: values, flags of arm a, seeds, questions."""
    found = [
        (value, arm == 0, seed, f"q{question:03}")
        for (arm, seed, question), hit in np.ndenumerate(hits)
        for value in [1] * int(hit) + [0] * int(trials[arm, seed, question] - hit)
    ]
    return tuple(np.array(column) for column in zip(*found, strict=True))


@FEW
@given(st.integers(0, 10**6))
def test_arms_may_change_places_and_rows_their_order(seed):
    rng = np.random.default_rng(seed)
    values, in_a, seeds, questions = rows(*counts(rng, n_seeds=3, n_questions=8, samples=4))
    assume(len(set(zip(in_a.tolist(), values.tolist(), strict=True))) == 4)
    found = mixed_logit(values, in_a, seeds, questions)
    order = rng.permutation(len(values))
    again = mixed_logit(values[order], in_a[order], seeds[order] + 7, questions[order])
    other = mixed_logit(values, ~in_a, seeds, questions)
    assert again.log_odds.value == pytest.approx(found.log_odds.value)
    assert other.log_odds.value == pytest.approx(-found.log_odds.value, abs=5e-3)
    assert other.log_odds.low == pytest.approx(-found.log_odds.high, abs=5e-3)
    assert found.odds_ratio.value == pytest.approx(np.exp(found.log_odds.value))
    assert (found.p < 0.05) == (found.log_odds.low > 0 or found.log_odds.high < 0)


def test_without_random_effects_it_is_the_log_odds_ratio_of_the_pooled_table():
    hits, trials = np.zeros((2, 4, 50)), np.full((2, 4, 50), 40.0)
    hits[0], hits[1] = 20, 10
    fit = fit_crossed(hits[None], trials[None])
    assert fit.converged.all()
    assert fit.effect[0] == pytest.approx(logit(0.5) - logit(0.25), rel=0.02)
    assert fit.base[0] == pytest.approx((logit(0.5) + logit(0.25)) / 2, rel=0.02)


def test_the_spreads_that_were_planted_are_found():
    rng = np.random.default_rng(1)
    sds = (1.0, 0.6, 0.5, 0.4, 0.5)
    made = [counts(rng, n_seeds=12, n_questions=80, samples=40, sds=sds) for _ in range(20)]
    fit = fit_crossed(*(np.stack(part) for part in zip(*made, strict=True)))
    found = dict(zip(FAMILIES, np.sqrt(fit.variances.mean(0)), strict=True))
    for name, sd in zip(FAMILIES, sds, strict=True):
        assert found[name] == pytest.approx(sd, rel=0.2), name
    assert fit.effect.mean() == pytest.approx(0.8, abs=0.1)


def test_a_thousand_tables_at_once_are_a_thousand_fits():
    rng = np.random.default_rng(2)
    made = [counts(rng, n_seeds=3, n_questions=10) for _ in range(3)]
    hits, trials = (np.stack(part) for part in zip(*made, strict=True))
    together = fit_crossed(hits, trials)
    for k in range(3):
        alone = fit_crossed(hits[k : k + 1], trials[k : k + 1])
        assert alone.effect[0] == pytest.approx(together.effect[k], abs=5e-3)
        assert alone.error[0] == pytest.approx(together.error[k], rel=0.02)


def test_questions_that_one_arm_never_met_do_not_make_an_effect():
    # Easy questions in one arm, hard ones in the other, some in both: Simpson's table, no effect inside.
    rng = np.random.default_rng(3)
    hits, trials = counts(rng, n_questions=60, samples=30, effect=0.0, sds=(2.0, 0.1, 0.1, 0.1, 0.1))
    order = np.argsort(hits.sum((0, 1)))
    for arm, lost in ((0, order[:20]), (1, order[-20:])):
        hits[arm][:, lost] = trials[arm][:, lost] = 0
    pooled = hits.sum((1, 2)) / trials.sum((1, 2))
    found = mixed_logit(*rows(hits, trials))
    assert logit(pooled[0]) - logit(pooled[1]) > 1
    assert abs(found.log_odds.value) < 0.2
    assert found.p > 0.05


@pytest.mark.filterwarnings("ignore:Laplace fitting did not converge")
def test_agrees_with_statsmodels_on_the_effect_and_not_on_how_sure_it_is():
    bayes = pytest.importorskip("statsmodels.genmod.bayes_mixed_glm")
    hits, trials = counts(np.random.default_rng(4), n_seeds=4, n_questions=15, samples=6)
    values, in_a, seeds, questions = rows(hits, trials)
    x = np.where(in_a, 0.5, -0.5)
    of_question = (questions[:, None] == np.unique(questions)).astype(float)
    of_seed = (seeds[:, None] == np.unique(seeds)).astype(float)
    random = np.hstack([of_question, x[:, None] * of_question, of_seed, x[:, None] * of_seed])
    model = bayes.BinomialBayesMixedGLM(
        values, np.stack([np.ones_like(x), x], 1), random, np.repeat([0, 1, 2, 3], [15, 15, 4, 4]), vcp_p=1
    )
    theirs, ours = model.fit_map(), mixed_logit(values, in_a, seeds, questions)
    error = (ours.log_odds.high - ours.log_odds.low) / 4
    assert theirs.fe_mean[1] == pytest.approx(ours.log_odds.value, abs=0.5 * error)
    assert model.fit_vb().fe_sd[1] < 0.75 * error


def test_what_has_no_odds_is_refused():
    hits, trials = counts(np.random.default_rng(5), n_seeds=2, n_questions=4)
    values, in_a, seeds, questions = rows(hits, trials)
    with pytest.raises(UsageError, match="arm a has 0 hits"):
        mixed_logit(np.where(in_a, 0, values), in_a, seeds, questions)
    with pytest.raises(UsageError, match="1 seeds and 4 questions"):
        mixed_logit(values, in_a, np.zeros_like(seeds), questions)
    with pytest.raises(UsageError, match="outside of"):
        mixed_logit(values + 0.5, in_a, seeds, questions)
    with pytest.raises(UsageError, match="lengths differ"):
        mixed_logit(values, in_a[:-1], seeds, questions)
