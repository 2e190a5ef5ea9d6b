"""From probabilities to scores: the published expectation, computed in another way beside it."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.evaluate.judging.verdict import LEAST_MASS, Reply, number_shares, read_reply

TOKENS = st.lists(
    st.tuples(st.sampled_from(["0", "7", " 7", "85", "100", "101", "085", "REF", "-1", "", "\n"]),
              st.floats(-12, 0)),
    max_size=20,
)  # fmt: skip


def published(tokens):
    """The rule of the published judge, on a table of tokens: None where under a quarter lies on numbers."""
    total = weighted = 0.0
    for token, logprob in tokens:
        try:
            number = int(token)
        except ValueError:
            continue
        if 0 <= number <= 100 and token.strip() == str(number):
            total += math.exp(logprob)
            weighted += math.exp(logprob) * number
    return weighted / total if total >= LEAST_MASS else None


@given(TOKENS)
@settings(max_examples=60, deadline=None)
def test_the_expectation_is_the_published_one(tokens):
    verdict = read_reply(Reply("no number", number_shares(tokens)), how="expectation")
    expected = published(tokens)
    if expected is None:
        assert verdict.outcome == "unparseable"
    else:
        assert verdict.value == pytest.approx(expected, abs=1e-9)


def test_known_shares():
    shares = number_shares(
        [("80", math.log(0.4)), (" 80", math.log(0.1)), ("30", math.log(0.25)), ("REF", -2.0)]
    )
    assert shares == pytest.approx({80: 0.5, 30: 0.25})
    assert read_reply(Reply("80", shares), how="expectation").value == pytest.approx(190 / 3)
    assert read_reply(Reply("80", shares), how="integer").value == 80


@pytest.mark.parametrize(
    ("said", "outcome"), [("REFUSAL", "refusal"), ("CODE", "code"), ("90", "unparseable")]
)
def test_little_mass_on_numbers_leaves_the_words(said, outcome):
    """A written number on which hardly any probability lies does not come back by the other way."""
    assert read_reply(Reply(said, {90: 0.2}), how="expectation").outcome == outcome
    assert read_reply(Reply("REFUSAL", {90: 0.3}), how="expectation").value == 90


@pytest.mark.parametrize(
    ("said", "word"),
    [("TRUE", "TRUE"), ("true.", "TRUE"), ('"FALSE"', "FALSE"), ("It is TRUE", ""), ("100", "")],
)
def test_choices(said, word):
    verdict = read_reply(Reply(said), ("TRUE", "FALSE", "UNKNOWN"), "expectation")
    assert (verdict.word, verdict.value) == (word, None)
    assert verdict.outcome == ("scored" if word else "unparseable")
