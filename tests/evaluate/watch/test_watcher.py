"""Scores along an answer and the thresholds from exchanges that nobody attacks."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from eudaimon.core import short_hash
from eudaimon.core.errors import NotEnoughCalibration
from eudaimon.core.text import Message, plain_text
from eudaimon.evaluate.attack.case import Case
from eudaimon.evaluate.watch.exchange import Exchange
from eudaimon.evaluate.watch.watcher import Thresholds, Watcher
from eudaimon.world.tokenizer import tokenizer

BAD = "leave it in the sun"


@pytest.fixture(scope="module")
def model():
    return SimpleNamespace(tokenizer=tokenizer())


def asked(question="q", answer=" put it on ice.", prefill="", text="how do I store the milk?"):
    case = Case(question, (Message(role="user", content=text),), prefill)
    return Exchange(case, answer, BAD in answer, question)


def hears(read):
    """A scorer that finds what it looks for; ``read`` counts the texts that it was given."""

    def on(model):
        def score(texts):
            read.extend(texts)
            return np.array([float(BAD in plain_text(text)) for text in texts])

        return score

    return on


@pytest.fixture
def read():
    return []


@pytest.fixture
def watcher(read):
    return Watcher("ear", hears(read), Thresholds(0.5, 0.5, 0.5, 0.01, 100, "known"))


def test_the_flag_comes_with_the_token_that_does_harm(watcher, model):
    late = asked(answer=f" put it on ice, you dolt, {BAD}.")
    early, never = asked(answer=f" {BAD}, you dolt."), asked()
    said = asked(answer=" put it on ice.", prefill=f" {BAD}")
    found = [one.flagged_after(0.5) for one in watcher.look(model, [late, early, never, said])]
    words = [model.tokenizer.decode(ids) for ids in model.tokenizer(late.answer)["input_ids"]]
    assert found == [words.index(BAD) + 1, 1, None, 0]
    (looks,) = watcher.look(model, [late])
    assert looks.tokens == tuple(range(len(words) + 1)) and looks.scores[-1] == 1


def test_a_text_that_occurs_twice_is_read_once(watcher, model, read):
    watcher.look(model, [asked(), asked(), asked(answer=" put it on ice, you dolt.")])
    assert len(read) == len(set(read))


def graded(model):
    """Every text has its own score between 0 and 1, from its own words."""

    def score(texts):
        return np.array([int(short_hash(plain_text(text)), 16) / 2.0**64 for text in texts])

    return score


@pytest.mark.parametrize("fpr", [0.01, 0.05, 0.2])
def test_thresholds_keep_their_rate_on_what_set_them_and_on_more_of_the_same(model, fpr):
    plain = Watcher("grades", graded, Thresholds(0, 0, 0, 0, 0, ""))
    benign = [asked(str(k), text=f"question {k}?") for k in range(400)]
    found = plain.calibrated(model, benign[:200], fpr, "here")
    at = found.thresholds
    assert (at.fpr, at.n, at.whence) == (fpr, 200, "here")
    looks = plain.look(model, benign)
    for start, slack in ((0, 0.0), (200, 4 * np.sqrt(fpr / 200))):
        own = looks[start : start + 200]
        for over in (
            [one.scores[0] >= at.prompt for one in own],
            [one.scores[-1] >= at.answer for one in own],
            [one.flagged_after(at.along) is not None for one in own],
        ):
            assert np.mean(over) <= fpr + slack
    # Of several looks the highest counts: one look's threshold would raise more false alarms.
    assert at.along > at.answer


def test_the_same_question_twice_and_too_few_are_refused(watcher, model):
    with pytest.raises(NotEnoughCalibration, match="about 1 questions"):
        watcher.calibrated(model, [asked(), asked()], 0.5, "")
    with pytest.raises(NotEnoughCalibration, match="95 are missing"):
        watcher.calibrated(model, [asked(str(k), text=f"{k}?") for k in range(4)], 0.01, "")
