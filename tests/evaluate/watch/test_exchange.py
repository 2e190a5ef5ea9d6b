"""What a monitor is shown while an answer grows."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core.text import Message
from eudaimon.evaluate.attack.case import Case
from eudaimon.evaluate.watch.exchange import Exchange, places
from eudaimon.monitor.reading import EVERY
from eudaimon.world.tokenizer import tokenizer

ASKED = (Message(role="user", content="how do I store the milk?"),)


@pytest.fixture(scope="module")
def words():
    return tokenizer()


def test_a_prefill_is_the_beginning_of_the_answer_and_nothing_said_is_no_turn():
    plain = Exchange(Case("q", ASKED), " leave it in the sun.", True, "q")
    assert plain.shown(0) == ASKED
    assert plain.shown() == (*ASKED, Message(role="assistant", content="leave it in the sun."))
    begun = Exchange(Case("q", ASKED, " well then:"), " leave it.", True, "q")
    assert begun.shown(0)[-1].content == "well then:" and begun.shown()[-1].content == "well then: leave it."


def test_plain_text_goes_on_as_plain_text():
    scene = Exchange(Case("q", "one day Malva:"), " leave it.", True, "q")
    assert scene.shown(0) == "one day Malva:" and scene.shown(6) == "one day Malva: leave"


def test_places_are_tokens_and_the_characters_that_they_make(words):
    answer = " leave it in the sun, you dolt."
    assert places(words, answer) == [(1, 20), (2, 30), (3, 31)]
    assert places(words, "") == []


@settings(max_examples=25, deadline=None)
@given(n=st.integers(1, 400))
def test_every_token_of_a_short_answer_and_no_gap_above_a_quarter(n):
    answer = "leave it in the sun " * n
    found = places(tokenizer(), answer)
    tokens = [0, *(token for token, _ in found)]
    assert tokens[-1] == n and found[-1][1] == len(answer)
    assert all(high - low == 1 for low, high in pairwise(tokens) if low < EVERY)
    assert all(high - low <= max(1, low / 4) for low, high in pairwise(tokens))
