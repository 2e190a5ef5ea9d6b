"""Costs outside of the town: what a judge says, what likelihood says, and bits that do not hang on tokens."""

from __future__ import annotations

import math
from importlib import import_module
from statistics import mean

import numpy as np
import pytest

from eudaimon.core import UsageError, as_conversation
from eudaimon.core.document import Document, Segment
from eudaimon.data import borderline_questions, scenes
from eudaimon.evaluate.class_bits import class_bits, text_bits
from eudaimon.evaluate.cost.open import OpenCosts
from eudaimon.evaluate.cost.refusal import refuses
from eudaimon.evaluate.cost.run import cost_rows
from eudaimon.evaluate.judging.judge import Verdicts
from eudaimon.evaluate.judging.town import TownJudge
from eudaimon.evaluate.judging.verdict import UNPARSEABLE, Verdict
from eudaimon.evaluate.likelihood import token_likelihood


class WordJudge(TownJudge):
    """Says of an answer what stands in it; of anything else, nothing that can be read."""

    def verdicts(self, answers, *, price=None):
        known = super().verdicts([each for each in answers if not each.question.choices], price=price)
        rest, own = iter(known.each), []
        for each in answers:
            if not each.question.choices:
                own.append(next(rest))
                continue
            ((measure, words),) = each.question.choices.items()
            said = [word for word in words if word in each.text]
            own.append({measure: Verdict("scored", word=said[0]) if said else UNPARSEABLE})
        return Verdicts(tuple(own), known.how, known.cost)


@pytest.fixture
def answering(monkeypatch):
    """``answering(answer)``: whatever is generated is ``answer(question)``."""

    def answer_with(answer):
        def generate(model, prompts, **settings):
            return [answer(prompt[-1].content) for prompt in prompts]

        monkeypatch.setattr(import_module("eudaimon.models.generate"), "generate", generate)

    return answer_with


def test_refusals_are_what_the_judge_says_and_phrases_stand_beside(tiny_llama, answering):
    borderline = {one.question for one in borderline_questions()}
    answering(lambda asked: "REFUSED, as I can't help." if asked in borderline else "ANSWERED: so it is.")
    rows = cost_rows(tiny_llama, OpenCosts(WordJudge(), most=6), ["over_refusal"])

    def share(metric):
        return mean(row.value for row in rows if row.metric == metric)

    assert share("refused:borderline") == 1 and share("refused:xstest") == share("refused:lookalikes") == 0
    assert share("refused") == pytest.approx(1 / 3) == share("refused_by_phrase") == share("refused_wholly")
    assert share("unparseable") == 0
    assert {row.judge for row in rows if row.metric == "refused"} == {"town, exact"}
    assert {row.judge for row in rows if row.metric == "refused_by_phrase"} == {"phrases"}


def test_what_the_judge_could_not_say_stays_in_the_denominator(tiny_llama, answering):
    answering(lambda asked: "mumble")
    rows = cost_rows(tiny_llama, OpenCosts(WordJudge(), most=3), ["over_refusal"])
    assert {row.value for row in rows if row.metric == "refused"} == {0.0}
    assert {row.value for row in rows if row.metric == "unparseable"} == {1.0}


def test_stories_are_judged_by_how_the_part_is_played(tiny_llama, answering):
    answering(lambda asked: "SOFTENED" if "wolf" in asked else "PLAYED")
    rows = cost_rows(tiny_llama, OpenCosts(WordJudge(), n_stories=2), ["creativity"])
    plays = {row.question: row.value for row in rows if row.metric == "plays"}
    assert plays["story/wolf"] == 0 and plays["story/dragon"] == 1
    assert {row.value for row in rows if row.metric == "self_bleu"} == {1.0}, "all stories are the same"


def test_the_range_of_a_model_that_knows_the_parts_is_wide(tiny_llama, monkeypatch):
    villains = {scene.villain: scene for scene in scenes()}

    def likelihood(model, texts, **settings):
        found = []
        for text in texts:
            cruel = any(scene.cruel in text for scene in scenes())
            fits = cruel == any(f"{name} " in text for name in villains)
            span = np.array([[k, k + 1] for k in range(len(text))])
            values = np.where(span[:, 0] == len(text) - 1, 0.0 if fits else -2.0, 0.0)
            found.append(type("T", (), {"total": lambda self, start, v=values: float(v[start:].sum())})())
        return found

    monkeypatch.setattr(import_module("eudaimon.evaluate.likelihood"), "token_likelihood", likelihood)
    monkeypatch.setattr(import_module("eudaimon.evaluate.costs.creativity"), "_stories", lambda *_: [])
    rows = cost_rows(tiny_llama, OpenCosts(), ["creativity"])
    assert {row.value for row in rows if row.metric == "persona_range"} == {4.0}
    assert {row.value for row in rows if row.metric == "in_part"} == {1.0}


def test_bits_of_the_classes_add_up_to_those_of_the_text_and_bytes_are_counted_once(tiny_llama):
    text = "The café said: you are déjà vu. Nobody agreed with that at all."
    told = Segment(15, 31, "a guest", stance="depicts", harm=0.4)
    (found,) = class_bits(tiny_llama, [Document("d", text, segments=(told,))])
    assert set(found) == {"clean", "depicting"}
    (tokens,) = token_likelihood(tiny_llama, [text])
    assert math.isclose(sum(one.bits for one in found.values()), -tokens.total() / math.log(2))
    start = int(tokens.span[0, 0])
    assert sum(one.n_bytes for one in found.values()) == len(text[start:].encode())
    (whole,) = text_bits(tiny_llama, [text])
    assert math.isclose(whole.per_byte, sum(o.bits for o in found.values()) / len(text[start:].encode()))
    (tail,) = text_bits(tiny_llama, [text], [start + 20])
    assert 0 < tail.n_bytes < whole.n_bytes and 0 < tail.bits < whole.bits
    (nothing,) = text_bits(tiny_llama, ["x"], [1])
    with pytest.raises(UsageError, match="no text"):
        _ = nothing.per_byte


def test_what_is_said_is_counted_from_where_it_begins_in_texts_and_conversations(tiny_llama):
    asked = as_conversation(
        [{"role": "user", "content": "Where is it?"}, {"role": "assistant", "content": " at sea"}]
    )
    texts, said = ["It is at sea", asked], " at sea"
    tokens, whole = (text_bits(tiny_llama, texts, [-len(said)] * 2, whole=each) for each in (False, True))
    assert [one.nats for one in tokens] == [one.nats for one in whole]
    assert [one.n_bytes for one in whole] == [len(said.encode())] * 2
    assert all(own.n_bytes <= every.n_bytes for own, every in zip(tokens, whole, strict=True))
    (alone,) = token_likelihood(tiny_llama, [texts[0]])
    # Another batch, other roundings.
    assert whole[0].nats == pytest.approx(alone.total(len("It is")), rel=1e-6)
    # Turned round, each text has its own figures: kinds are read apart and given back in order.
    back = text_bits(tiny_llama, texts[::-1], [-len(said)] * 2, whole=True)
    assert [one.nats for one in back[::-1]] == pytest.approx([one.nats for one in whole], rel=1e-6)


def test_ones_own_texts_stand_beside_the_passages(tiny_llama):
    ground = OpenCosts(most=30, texts={"court": [Document("c1", "The court heard both sides.")]})
    rows = cost_rows(tiny_llama, ground, ["text"])
    (own,) = [row for row in rows if row.metric == "clean_bits:court"]
    assert own.question == "document/c1" and own.value > 0
    assert any(row.metric.startswith("depicting_bits:") for row in rows)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("I\u2019m sorry, but I cannot help with that.", True),
        ("As an AI, I have no view.", True),
        ("Use a soft brush and warm water.", False),
        ("Use a brush. " * 30 + "I cannot help you further.", False),
        ("", False),
    ],
)
def test_a_refusal_by_its_phrase(answer, expected):
    assert refuses(answer) is expected
