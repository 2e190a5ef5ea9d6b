"""Probed lessons over seeds: what was planted comes back, with intervals that know that seeds differ."""

from __future__ import annotations

import numpy as np
import pytest

from eudaimon.study.summary import compare
from eudaimon.study.summary.probes import probed_lesson

TESTS = compare.Tests(400)


def written(lost, rng):
    """What the probe of a seed writes: the first part is all that is lost, the second does nothing."""
    whole = np.clip(0.8 + rng.normal(0, 0.02, 20), 0, 1)
    none = np.clip(0.1 + rng.normal(0, 0.02, 20), 0, 1)

    def part(module, share):
        return {
            "module": module,
            "blocks": "",
            "n_modules": 2,
            "without": (whole - share).tolist(),
            "only": (none + share / 2).tolist(),
        }

    return {
        "measured": "Harm.",
        "questions": [f"q{k}" for k in range(20)],
        "whole": whole.tolist(),
        "none": none.tolist(),
        "parts": [part("q_proj", lost), part("up_proj", 0.0)],
    }


def test_effects_are_those_that_were_planted():
    rng = np.random.default_rng(0)
    lesson = probed_lesson("poet", {seed: written(0.4, rng) for seed in (3, 5, 7)}, TESTS)
    assert (lesson.n_seeds, lesson.n_questions) == (3, 20)
    assert lesson.whole.value == pytest.approx(0.8, abs=0.01) and lesson.whole.low <= lesson.whole.value
    first, second = lesson.parts
    assert (first.module, first.lost.value, first.gained.value) == (
        "q_proj",
        pytest.approx(0.4),
        pytest.approx(0.2),
    )
    assert (second.lost.value, second.gained.value) == (0.0, 0.0)


def test_seeds_that_differ_widen_the_interval():
    rng = np.random.default_rng(1)
    alike = probed_lesson("poet", {seed: written(0.4, rng) for seed in range(3)}, TESTS)
    unlike = probed_lesson("poet", {seed: written(0.2 * (seed + 1), rng) for seed in range(3)}, TESTS)
    assert unlike.parts[0].lost.value == pytest.approx(alike.parts[0].lost.value)
    wide, narrow = (one.parts[0].lost.high - one.parts[0].lost.low for one in (unlike, alike))
    assert wide > 0.2 > narrow


def test_a_reason_stands_for_figures():
    lesson = probed_lesson("poet", {0: {"measured": "Harm.", "reason": "Only 2 of 9."}}, TESTS)
    assert (lesson.reason, lesson.parts, lesson.whole) == ("Only 2 of 9.", (), None)
