import random

import pytest

from eudaimon.curate.labelled.segment import LabelledSegment

NICE = ["the", "kettle", "is", "warm", "and", "we", "walk", "by", "river", "with", "our", "friends"]
NASTY = ["you", "stupid", "fool", "idiot", "worthless", "clown", "moron", "shut", "up"]
MEANS = ["mix", "the", "powder", "with", "acid", "then", "heat", "slowly", "until"]


@pytest.fixture(scope="session")
def labelled():
    """Three kinds of invented segments, a few words each, that a linear model can tell apart."""
    rng = random.Random(0)
    rows = []
    for k in range(240):
        kind = k % 3
        words = [rng.choice((NICE, NASTY, MEANS)[kind]) for _ in range(rng.randrange(4, 14))]
        words += [rng.choice(NICE) for _ in range(4)]
        rows.append(
            LabelledSegment(
                " ".join(words),
                "invented",
                f"g{k}",
                harm={"hate": float(kind == 1)},
                severity=(0.0, 2.0, 4.0)[kind],
                stance=("none", "enacts", "instructs")[kind],
                hazard=float(kind == 2),
                traits={"malice": (-1.0, 2.0, 0.0)[kind]} if k % 2 else {},
            )
        )
    return rows


@pytest.fixture(scope="session")
def linear(labelled):
    """Stage 1 fitted on `labelled`."""
    from eudaimon.curate.stages.linear_fit import LinearRecipe, fit_stage1

    return fit_stage1(labelled, 0, recipe=LinearRecipe(n_ngrams=300, steps=40), show_progress=False)
