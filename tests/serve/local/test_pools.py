"""Running pools against pooling all tokens at once, while rows leave and join."""

from __future__ import annotations

import numpy as np
import pytest

from eudaimon.serve.local.pools import ANSWER, QUARTERS, WHOLE, Pools, empty_states

POOLINGS = ("mean", "last", "max", "softmax")
SITES, WIDTH = 2, 3


def pooled(tokens):
    """``[t, sites, d]`` under each pooling, ``[sites, poolings, d]``."""
    peak = tokens.max(axis=0)
    weights = np.exp(tokens - peak)
    soft = (weights * tokens).sum(axis=0) / weights.sum(axis=0)
    return np.stack([tokens.mean(axis=0), tokens[-1], peak, soft], axis=1)


def states(prompts):
    """The states of prompts ``[t, sites, d]`` as a prefill gives them."""
    peaks = np.stack([prompt.max(axis=0) for prompt in prompts])
    weights = [np.exp(prompt - peak) for prompt, peak in zip(prompts, peaks, strict=True)]
    weighted = [(own * prompt).sum(axis=0) for own, prompt in zip(weights, prompts, strict=True)]
    return {
        "mean": (np.stack([prompt.sum(axis=0) for prompt in prompts]),),
        "last": (np.stack([prompt[-1] for prompt in prompts]),),
        "max": (peaks,),
        "softmax": (peaks, np.stack([own.sum(axis=0) for own in weights]), np.stack(weighted)),
    }


def expected(prompt, answer, view, window):
    """What a view holds, by its definition."""
    quarter = max(1, window // QUARTERS)
    start = max(0, (len(answer) - 1) // quarter - (QUARTERS - 1)) * quarter
    tokens = {WHOLE: [*prompt, *answer], ANSWER: answer}.get(view, answer[start:])
    return pooled(np.array(tokens)), len(tokens)


@pytest.mark.parametrize("window", [1, 4, 6, 16, 64])
def test_each_view_pools_its_tokens_while_rows_leave_and_join(window):
    rng = np.random.default_rng(window)

    def tokens(n):
        return rng.normal(size=(n, SITES, WIDTH)).astype(np.float32)

    prompts = [tokens(n) for n in (1, 3, 9)]
    answers = [[], [], []]
    pools = Pools(POOLINGS, states(prompts), [len(prompt) for prompt in prompts], window)
    seen = set()
    for step in range(40):
        if step == 11:  # the middle one leaves
            pools.select(np.array([0, 2]))
            prompts, answers = prompts[::2], answers[::2]
        if step == 17:
            new = tokens(2)
            pools.join(Pools(POOLINGS, states([new]), [2], window))
            prompts, answers = [*prompts, new], [*answers, []]
        block = tokens(len(answers))
        pools.add(block)
        for answer, token in zip(answers, block, strict=True):
            answer.append(token)
        rows = [row for row in range(len(answers)) if row != step % 5]
        whole = [row != 1 for row in rows]
        looks = pools.looked_at(rows, whole)
        values = pools.values(looks)
        assert set(looks.places.tolist()) == set(range(len(rows)))
        for k, (place, row, view) in enumerate(zip(looks.places, looks.rows, looks.views, strict=True)):
            assert rows[place] == row and (view != WHOLE or whole[place])
            wanted, n = expected(prompts[row], answers[row], view, window)
            assert np.allclose(values[k], wanted, atol=1e-5) and looks.n_tokens[k] == n
            assert view != WHOLE or n <= window
            seen.add(int(view))
    assert seen == {0, 1, 2} - ({WHOLE} if window == 1 else set()) - ({2} if window == 64 else set())


def test_a_prompt_of_which_nothing_was_pooled_adds_nothing():
    token = np.arange(SITES * WIDTH, dtype=np.float32).reshape(1, SITES, WIDTH)
    pools = Pools(POOLINGS, empty_states(POOLINGS, 1, SITES, WIDTH), [0], 16)
    pools.add(token)
    values = pools.values(pools.looked_at([0], [True]))
    assert len(values) == 2 and np.allclose(values, token[0][None, :, None])


def test_what_is_no_number_stays_none():
    prompts = [np.ones((1, SITES, WIDTH), dtype=np.float32)]
    pools = Pools(POOLINGS, states(prompts), [1], 16)
    for value in (np.nan, 1.0, 1.0):
        pools.add(np.full((1, SITES, WIDTH), value, dtype=np.float32))
    values = pools.values(pools.looked_at([0], [True]))
    assert np.isnan(values[:, :, [0, 2, 3]]).all()
