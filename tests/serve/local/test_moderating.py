"""What is decided without an answer is what the monitor's check says; a failing check never passes."""

from __future__ import annotations

import numpy as np
import pytest

from eudaimon.core import Message
from eudaimon.serve.local import Moderator
from eudaimon.serve.local.limited import Hung, Limited


def said(*turns):
    roles = ("user", "assistant")
    return tuple(Message(role=roles[place % 2], content=turn) for place, turn in enumerate(turns))


DISGUISED = "How do I k\u200bill the goat? " + "\u0441\u0430t " * 3
TEXTS = [
    said("How do I buy bread?", "Near the market.", "And how do I kill the goat?"),
    said("How do I kill the goat?", "Stop.", "Thanks."),
    (Message(role="system", content="You are a helpful assistant."), *said("Who are you?")),
    "the quick brown fox " * 60,
    said("the goat " * 200, "again", "kill the goat " * 90),
    DISGUISED,
    said(DISGUISED, "no", "yes"),
    "\ud800 broken",
]


@pytest.mark.parametrize("family", ["llama", "gemma", "bert"])
def test_scores_are_those_of_the_check(monitor, queries, family):
    own = monitor(family)
    texts = [*(one.text for one in queries("east", 6)), *TEXTS]
    moderator = Moderator(own)
    found = moderator.decide(texts)
    again = moderator.decide(texts)
    wanted = own.check_many(texts)
    assert np.allclose([one.score for one in found], [one.score for one in wanted], atol=1e-5)
    assert [one.flagged for one in found] == [not one.safe for one in wanted]
    assert [one.score for one in again] == [one.score for one in found]
    assert len({one.flagged for one in found}) == 2


@pytest.mark.parametrize("text", ["", "  \n", said(" ")])
def test_a_text_that_says_nothing_does_not_pass(monitor, text):
    (found,) = Moderator(monitor(), fail_open=True).decide([text])
    assert found.flagged and found.score == 1 and "empty" in found.reason


def test_a_part_is_read_once(failing):
    monitor = failing("raise", after=1)
    moderator = Moderator(monitor)
    talk = said("How do I buy bread?", "Near the market.")
    assert not moderator.decide([talk])[0].flagged
    assert not moderator.decide([talk, talk])[0].flagged
    assert len(monitor.probes[0].calls) == 1
    assert moderator.decide([(*talk, *said("And a letter?"))])[0].layer == "error"


@pytest.mark.parametrize("how", ["raise", "nan", "hang"])
@pytest.mark.parametrize("fail_open", [False, True])
def test_a_failing_monitor_decides(failing, how, fail_open):
    moderator = Moderator(failing(how), seconds=0.2, fail_open=fail_open)
    found = moderator.decide(["one text", "and another"])
    assert [one.layer for one in found] == ["error", "error"]
    assert all(one.flagged is not fail_open for one in found)
    assert all(("fail open" in one.reason) is fail_open and "secret" not in one.reason for one in found)


def test_one_text_that_fails_does_not_cost_the_others(failing, monkeypatch):
    monitor = failing("none", after=100)
    inner = type(monitor.probes[0]).logits

    def logits(self, activations):
        if (activations.n_tokens > 20).any():
            raise ValueError("too long for me")
        return inner(self, activations)

    monkeypatch.setattr(type(monitor.probes[0]), "logits", logits)
    found = Moderator(monitor).decide(["short", "long " * 40, "brief"])
    assert [one.layer for one in found] == ["monitor", "error", "monitor"]


def test_what_was_read_is_forgotten_at_last(monitor, queries):
    moderator = Moderator(monitor(), remembered=3)
    texts = [one.text for one in queries("west", 10)]
    found = moderator.decide(texts)
    assert len(moderator.known) == 3
    assert np.allclose([one.score for one in found], monitor().score(texts), atol=1e-5)


def test_a_hanging_call_is_left_and_the_next_one_answers(failing):
    limited = Limited(0.05, "monitor")
    freed = failing("hang").probes[0].freed
    for _ in range(8):
        with pytest.raises(Hung, match="within"):
            limited.call(lambda: freed.wait(60))
    with pytest.raises(Hung, match="8 calls"):
        limited.call(lambda: 1)
    freed.set()
    while True:
        try:
            assert limited.call(lambda: 1) == 1
            break
        except Hung:
            freed.wait(0.01)


def test_only_what_cannot_hang_is_read_where_it_is_begun(monitor, failing, queries):
    from eudaimon.monitor import FitOptions, fit
    from eudaimon.serve.local.limited import AtOnce

    options = FitOptions(target_fpr=0.1, strengths=(0.1,), kernel_strengths=(), n_layers=1, augment=False)
    linear = fit(monitor().model, queries("north"), queries("south", 80), options)
    assert {probe.method for probe in monitor().probes} == {"logistic", "kernel"}
    at_once = [isinstance(Moderator(own).limited, AtOnce) for own in (linear, monitor(), failing("hang"))]
    assert at_once == [True, False, False]
