"""What the statistics do on simulated data whose truth is known, as a page of Markdown.

Run as: python scripts/statistics_tables.py docs/results/statistics.md
It takes a few minutes on one core; the rows on statsmodels need the extra ``eval``.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from scipy import stats
from scipy.special import expit, logit

from eudaimon.measure import CurvePanel, Grid, cosine_dip, transition, transition_contrast
from eudaimon.measure.coverage import (
    BOOTSTRAP,
    MIXED,
    NAIVE,
    QUESTIONS_ONLY,
    coverage,
    equivalence_error,
    family_error,
)
from eudaimon.measure.crossed import fit_crossed

EFFECT = 0.8
N_TABLES = 1000
N_PEER = 200
N_CURVES = 500
N_WALKS = 300
GRIDS = {
    "5 seeds, 60 questions, 50 samples": Grid(n_samples=50),
    "the same, hits in 6 %": Grid(n_samples=50, base=-3.5),
    "5 seeds, 60 questions, 10 samples": Grid(),
    "10 seeds, 60 questions, 20 samples": Grid(n_seeds=10, n_samples=20),
    "3 seeds, 60 questions, 10 samples": Grid(n_seeds=3),
    "5 seeds, 8 questions, 50 samples": Grid(n_questions=8, n_samples=50),
    "5 seeds, 60 questions, 1 sample, hits in 50 %": Grid(n_samples=1, base=0.0),
}
INTRO = """# Statistics on known answers

Made by `python scripts/statistics_tables.py docs/results/statistics.md`. Simulated tables of two arms,
seeds, questions and samples, of which the truth is known. Questions differ by 1.2 (standard deviation,
log odds), seeds by .3, the effect between questions by .5 and between seeds by .4, single cells by .4.
Hits are at 25 % where nothing else is said; samples of one question then correlate by .18.

## Coverage of 95 % intervals

Share of {n} tables whose interval holds the true difference; the effect is {effect} in log odds. Right
is 95; chance alone moves a figure by 1.4 either way.
"""
OUTRO = """
The first two columns are ours: `contrast` (difference of shares) and `mixed_logit` (log odds). The other
two are what is often done: questions resampled while seeds count as fixed, and every sample taken as
independent. With three seeds the mixed logit errs on the wide side, because its prior does not let the
variance between seeds be zero; with one sample per question the bootstrap does, because it counts
sampling noise three times."""
PEERS = """
## Other fits of a logit

Share of {n} tables (5 seeds, 20 questions, 10 samples) that 95 % intervals hold.
"""
CURVES = """
## Change points

Curves of 24 checkpoints that rise at step 50, seeds differing by 8 steps (standard deviation); {n}
simulations. The second arm rises 10 steps later in the mean, by 4 more or less in each seed (standard
deviation).
"""
DIPS = """
## Dips of the local cosine

Random walks of 60 checkpoints at lags 5, 10, 15; share of {n} that are called a dip at .05, over all
lags.
"""


def main(out: Path) -> None:
    """Write the page."""
    out.write_text("\n".join(page()) + "\n", encoding="utf-8")


def page() -> Iterator[str]:
    """The lines of the page, each table as it is computed."""
    yield INTRO.format(n=N_TABLES, effect=EFFECT)
    yield row("design", *(name for name in (BOOTSTRAP, MIXED, QUESTIONS_ONLY, NAIVE)))
    yield row(*["---"] * 5)
    for name, grid in GRIDS.items():
        held = coverage(grid, EFFECT, n_tables=N_TABLES)
        yield row(name, *(percent(held[key]) for key in (BOOTSTRAP, MIXED, QUESTIONS_ONLY, NAIVE)))
    yield OUTRO
    yield PEERS.format(n=N_PEER)
    yield row("fit", "estimand", "held")
    yield row(*["---"] * 3)
    for name, estimand, share in peers():
        yield row(name, estimand, percent(share))
    yield "\n## Errors of tests at .05\n"
    yield row("test", "tables", "errors, %")
    yield row(*["---"] * 3)
    for n_seeds in (5, 10):
        called = equivalence_error(Grid(n_seeds=n_seeds), 0.05, n_tables=N_TABLES)
        name = f"called equivalent within 5 points, the difference being 5 points; {n_seeds} seeds"
        yield row(name, str(N_TABLES), percent(called))
    for adjusted in (True, False):
        wrong = family_error(Grid(), 4, n_tables=N_TABLES, adjusted=adjusted)
        name = "any of four arms told from the reference, none differing; "
        yield row(name + ("Holm" if adjusted else "unadjusted"), str(N_TABLES), percent(wrong))
    yield CURVES.format(n=N_CURVES)
    yield row(
        "seeds", "onset held", "midpoint held", "end held", "difference held", "false difference at .05"
    )
    yield row(*["---"] * 6)
    for n_seeds in (3, 5, 10):
        yield row(str(n_seeds), *map(percent, change_points(n_seeds)))
    yield DIPS.format(n=N_WALKS)
    yield row("walk", "called, %")
    yield row(*["---"] * 2)
    for name, walk in WALKS.items():
        yield row(name, percent(dips(walk)))


def row(*cells: str) -> str:
    """A row of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def percent(share: float) -> str:
    """A share in per cent, one digit after the point."""
    return f"{100 * share:.1f}"


def peers() -> Iterator[tuple[str, str, float]]:
    """Coverage of statsmodels' fits beside ours on the same tables."""
    import statsmodels.api as sm
    from statsmodels.genmod.bayes_mixed_glm import BinomialBayesMixedGLM

    warnings.simplefilter("ignore")
    grid = Grid(n_questions=20)
    tables = grid.draw((EFFECT / 2, -EFFECT / 2), N_PEER, 11)
    pooled = logit(grid.rate(EFFECT / 2)) - logit(grid.rate(-EFFECT / 2))
    shape = (2, grid.n_seeds, grid.n_questions, grid.n_samples)
    arm, seed, question, _ = (index.ravel() for index in np.indices(shape))
    x = np.where(arm == 0, 0.5, -0.5)
    fixed = np.stack([np.ones_like(x), x], 1)
    groups = [(group[:, None] == np.unique(group)).astype(float) for group in (question, seed)]
    random = np.hstack([part for group in groups for part in (group, x[:, None] * group)])
    sizes = [grid.n_questions] * 2 + [grid.n_seeds] * 2
    held = np.zeros(4)
    for table in tables:
        y = (np.arange(grid.n_samples) < table[..., None]).astype(float).ravel()
        fit = fit_crossed(table[None], np.full((1, *table.shape), float(grid.n_samples)))
        held[0] += abs(fit.effect[0] - EFFECT) <= stats.t.ppf(0.975, fit.freedom[0]) * fit.error[0]
        bayes = BinomialBayesMixedGLM(y, fixed, random, np.repeat(range(4), sizes), vcp_p=1).fit_vb()
        held[1] += abs(bayes.fe_mean[1] - EFFECT) <= 1.96 * bayes.fe_sd[1]
        for place, group in ((2, question), (3, seed)):
            order = np.argsort(group, kind="stable")
            family, work = sm.families.Binomial(), sm.cov_struct.Exchangeable()
            model = sm.GEE(y[order], fixed[order], groups=group[order], family=family, cov_struct=work).fit()
            held[place] += abs(model.params[1] - pooled) <= 1.96 * model.bse[1]
    names = (
        ("mixed logit (ours)", "of a question and seed"),
        ("statsmodels BinomialBayesMixedGLM, fit_vb", "of a question and seed"),
        ("statsmodels GEE, exchangeable in questions", "pooled"),
        ("statsmodels GEE, exchangeable in seeds", "pooled"),
    )
    for (name, estimand), count in zip(names, held, strict=True):
        yield name, estimand, count / N_PEER


def change_points(n_seeds: int) -> list[float]:
    """Shares of simulations whose intervals hold onset, midpoint, end and difference, and of false alarms."""
    steps, width, away = np.arange(24) * 5.0, 4.0, 4.0 * np.log(9)
    truth = (50 - away, 50, 50 + away, 10)
    rng, counts = np.random.default_rng(0), np.zeros(5)

    def arm(midpoints: np.ndarray) -> CurvePanel:
        floor, height = rng.uniform(0, 0.1, size=(30, 1)), rng.uniform(0.2, 0.9, size=(30, 1))
        share = floor + height * expit((steps - midpoints[:, None, None]) / width)
        names = tuple(f"q{k:02}" for k in range(30))
        return CurvePanel(rng.binomial(10, share) / 10, tuple(range(n_seeds)), names, steps)

    for run in range(N_CURVES):
        midpoints = 50 + 8 * rng.normal(size=n_seeds)
        first = arm(midpoints)
        later, alike = (arm(midpoints + shift + 4 * rng.normal(size=n_seeds)) for shift in (10, 0))
        found = transition(first, n_resamples=100, seed=run)
        assert found is not None
        difference = transition_contrast(later, first, n_resamples=100, seed=run).difference
        scores = (found.onset, found.midpoint, found.end, difference)
        counts[:4] += [s.low <= t <= s.high for s, t in zip(scores, truth, strict=True)]
        counts[4] += transition_contrast(alike, first, n_resamples=100, seed=run).p <= 0.05
    return list(counts / N_CURVES)


def repeating(rng: np.random.Generator) -> np.ndarray:
    """Increments that keep six tenths of the one before."""
    steps = rng.normal(size=(60, 50))
    for t in range(1, 60):
        steps[t] += 0.6 * steps[t - 1]
    return steps.cumsum(0)


def turning(rng: np.random.Generator) -> np.ndarray:
    """A walk that turns by a right angle after 25 increments, its noise as long as twice its drift."""
    first, second = np.linalg.qr(rng.normal(size=(50, 2)))[0].T
    along = np.where(np.arange(60)[:, None] < 25, first, second)
    return (3 * along + rng.normal(size=(60, 50))).cumsum(0)


WALKS: dict[str, Callable[[np.random.Generator], np.ndarray]] = {
    "independent increments, rank 1": lambda rng: rng.normal(size=(60, 50)).cumsum(0),
    "of very different lengths": lambda rng: (rng.normal(size=(60, 50)) * rng.gamma(2, size=(60, 1))).cumsum(
        0
    ),
    "increments that repeat (autocorrelation .6)": repeating,
    "four columns, principal angles": lambda rng: rng.normal(size=(60, 30, 4)).cumsum(0),
    "a planted turn (should be called)": turning,
}


def dips(walk: Callable[[np.random.Generator], np.ndarray]) -> float:
    """The share of walks that are called a dip."""
    rng = np.random.default_rng(0)
    called = [
        cosine_dip(walk(rng), n_permutations=99, seed=run, show_progress=False).p_all <= 0.05
        for run in range(N_WALKS)
    ]
    return float(np.mean(called))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
