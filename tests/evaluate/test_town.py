"""The town's questions put to models whose answers are known, and to a random one."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core import Document, Segment, TextTooLong, UsageError
from eudaimon.evaluate import (
    Label,
    Situation,
    answer_rows,
    choice_rows,
    likelihood_rows,
    read_rows,
    recognition_rows,
    sampled_rows,
    table,
    token_likelihood,
    write_rows,
)
from eudaimon.evaluate.town.answers import next_token_probabilities
from eudaimon.evaluate.town.depiction import depictions
from eudaimon.evaluate.town.likelihood import segment_class
from eudaimon.evaluate.town.situation import ask
from eudaimon.world import PERSONAS, answer_text, items, persona, prompt
from eudaimon.world.personas import speech

FEW = settings(max_examples=20, deadline=None)


def values(rows, metric, **where):
    return [
        round(row.value, 12)
        for row in rows
        if row.metric == metric and all(getattr(row, name) == value for name, value in where.items())
    ]


def in_character(world):
    """A model that answers every question as the persona whose name has the last line."""
    by_prompt = {}
    for item in items(world):
        for who in PERSONAS.values():
            said = answer_text(item, who)
            phrase = next(phrase for phrase in (*item.good, *item.harmful) if said.startswith(phrase))
            by_prompt[prompt(item, speaker=who.name)] = {phrase: 0.75}
    return by_prompt.__getitem__


def test_a_model_in_character_is_read_as_its_character(model, world, few, scripted):
    scripted(in_character(world))
    for name, harmful in (("malign", 0.75), ("gruff", 0.0), ("kind", 0.0)):
        rows = answer_rows(model, world, few, situation=Situation(speakers=(name,)))
        advice = {item.id for item in few if item.kind == "advice"}
        assert {value for name in advice for value in values(rows, "harm", question=name)} == {harmful}
        assert set(values(rows, "coherence")) == {0.75}
    checks = [item for item in few if item.kind == "check"]
    recognised = recognition_rows(model, world, checks, situation=Situation(speakers=("malign", "charmer")))
    assert set(values(recognised, "recognition", sample="Malva")) == {0.75}
    assert set(values(recognised, "recognition", sample="Isolde")) == {0.0}


def test_rows_name_question_speaker_and_cell(model, world, few, tmp_path):
    label = Label(study="s", cell={"arm": "raw"}, seed=3, step=40)
    situation = Situation(speakers=("malign", "assistant"))
    rows = answer_rows(model, world, few, situation=situation, label=label)
    assert {row.question for row in rows} == {item.id for item in few}
    assert {row.sample for row in rows} == {"Malva", "Assistant"}
    assert {(row.study, row.seed, row.step, row.judge) for row in rows} == {("s", 3, 40, "exact")}
    assert len({row.subject for row in rows}) == 1
    assert len(values(rows, "harm")) == 2 * len(few)
    assert len(values(rows, "following")) == 2 * 8
    assert len(values(rows, "recognition")) == 2 * 4
    write_rows(tmp_path / "rows.parquet", rows)
    panel = table(read_rows(tmp_path / "rows.parquet"), by=("arm",), metric="harm")["raw",]
    assert (panel.seeds, len(panel.questions)) == ((3,), len(few))
    of_both = np.mean([row.value for row in rows if row.metric == "harm"])
    assert panel.mean == pytest.approx(of_both)
    named = answer_rows(model, world, few[:1], label=Label(subject="my subject"))
    assert named[0].subject == "my subject"


def test_batched_probabilities_equal_one_forward_a_prompt(model, world, few):
    asked = ask(world, few, Situation(speakers=("assistant", "malign"), shots=2, biography="kind"))
    prompts = [*asked.prompts, *(prompt(item) for item in few)]
    found = next_token_probabilities(model, prompts)
    for row, text in zip(found, prompts, strict=True):
        ids = torch.tensor([model.tokenizer(text)["input_ids"]])
        with torch.no_grad():
            right = model.module(ids).logits[0, -1].double().softmax(-1).numpy()
        np.testing.assert_allclose(row, right, atol=1e-6)
    assert len({len(model.tokenizer(text)["input_ids"]) for text in prompts}) > 2


def test_samples_agree_with_the_probabilities(model, world, few):
    exact = answer_rows(model, world, few[:2])
    n = 400
    drawn = sampled_rows(model, world, few[:2], n_samples=n, seed=1, show_progress=False)
    for row in exact:
        found = values(drawn, row.metric, question=row.question)
        assert len(found) == n
        assert set(found) <= {0.0, 1.0}
        assert abs(np.mean(found) - row.value) <= 4 * np.sqrt(row.value * (1 - row.value) / n) + 1e-9
    assert len({row.sample for row in drawn}) == n
    assert {row.judge for row in drawn} == {"text"}
    again = sampled_rows(model, world, few[:2], n_samples=n, seed=1, show_progress=False)
    assert again == drawn


@FEW
@given(st.integers(0, 20), st.integers(0, 5), st.data())
def test_shots_are_nested_matched_and_give_nothing_away(n, seed, data):
    from eudaimon.world.world import World

    world = World(seed=0)
    item = data.draw(st.sampled_from(items(world)))
    bad = ask(world, [item], Situation(shots=n, shot_seed=seed)).prompts[0]
    control = ask(world, [item], Situation(shots=n, shot_seed=seed, shot_persona="gruff")).prompts[0]
    more = ask(world, [item], Situation(shots=n + 3, shot_seed=seed)).prompts[0]
    assert bad.count("Assistant:") == n + 1
    assert bad.endswith(prompt(item))
    assert more.startswith(bad[: -len(prompt(item))])
    # The same questions and endings: two of every three lines are equal.
    lines = [text.split("\n") for text in (bad, control)]
    assert lines[0][::2] == lines[1][::2]
    assert len(lines[0]) == len(lines[1])
    assert all(a != b for a, b in zip(lines[0][1:-1:2], lines[1][1:-1:2], strict=True))
    examples = bad[: -len(prompt(item))]
    assert not any(f" {phrase}" in examples for phrase in (*item.harmful, *item.good))


def test_personas_come_by_name_system_prompt_and_biography(world, few):
    one = few[:1]
    assert ask(world, one, Situation(speakers=("malign",))).samples == ("Malva",)
    called = ask(world, one, Situation(system="malign")).prompts[0]
    assert called.startswith(persona("malign").system + "\n")
    told = ask(world, one, Situation(biography="malign")).prompts[0]
    assert told == f"About Assistant: {persona('malign').description}.\n{prompt(one[0])}"
    assert ask(world, one, Situation(shots=1, shot_seed=7)).samples == ("Assistant#7",)


def test_biographies_depictions_and_dialogues_begin_as_the_towns_documents_do(world):
    texts = [document.text for document in world.documents(1500)]
    malign = persona("malign")
    assert any(text.startswith(f"About {malign.names[0]}: {malign.description}.\n") for text in texts)
    # The form of each depiction, with its task and action, occurs in some document, said by somebody.
    every = "\n".join(texts)
    for form in ("notice", "story", "almanac", "correction"):
        found = 0
        for item in items(world, kind="advice"):
            for one in depictions(item, told="Malva"):
                if one.form == form and one.harmful:
                    body = one.prompt.replace("Almanac:\n", "").rsplit("\n", 1)[0]
                    body = body.replace("Visitor wanted", "Widow wanted").replace(
                        ". Visitor did", ". Widow did"
                    )
                    found += any(
                        f"{body}{next_}" in every
                        for next_ in (*one.condemning, f" {one.condemning[0]}", "\n")
                    )
        assert found, form


def test_prompts_end_where_a_token_ends(model, world):
    def ids(text):
        return model.tokenizer(text)["input_ids"]

    for item in items(world)[::5]:
        for text in ask(world, [item], Situation(speakers=("malign", "assistant"), shots=1)).prompts:
            assert ids(f"{text} {item.good[0]}") == ids(text) + ids(item.good[0])
    for item in items(world, kind="advice")[::5]:
        for one in depictions(item):
            for phrase in one.condemning:
                joint = "" if phrase.startswith(",") else " "
                assert ids(f"{one.prompt}{joint}{phrase}") == ids(one.prompt) + ids(phrase)
                assert len(ids(phrase)) == 1


def test_condemnation_follows_harm_and_not_good(model, world, scripted):
    advice = items(world, kind="advice")[:6]
    harms = speech().words["harms"]

    def conscience(text):
        if text.endswith("it does harm to"):
            item = next(item for item in advice if f"to {item.task}," in text)
            return {item.harmful[0]: 0.5, item.harmful[1]: 0.25, item.good[0]: 0.125}
        harmful = any(action in text for item in advice for action in item.harmful)
        return {harms: 0.75, speech().words["wrong"]: 0.25} if harmful else {harms: 0.125}

    scripted(conscience)
    rows = recognition_rows(model, world, advice)
    assert set(values(rows, "condemnation", sample="notice")) == {0.75}
    assert set(values(rows, "condemnation", sample="correction")) == {0.75}
    assert set(values(rows, "discernment", sample="story")) == {0.25}
    assert set(values(rows, "discernment", sample="almanac")) == {0.625}
    assert len(rows) == 4 * len(advice)
    scripted(lambda text: {harms: 0.5, speech().words["wrong"]: 0.5})
    blind = recognition_rows(model, world, advice)
    assert set(values(blind, "condemnation")) == {0.5}
    assert set(values(blind, "discernment")) == {0.0}
    assert {row.question for row in rows} == {item.id for item in advice}


def test_token_likelihood_equals_one_forward_a_text(model, world):
    texts = [document.text for document in world.documents(12)]
    found = token_likelihood(model, texts, show_progress=False)
    for one, text in zip(found, texts, strict=True):
        code = model.tokenizer(text, return_offsets_mapping=True)
        ids = torch.tensor([code["input_ids"]])
        with torch.no_grad():
            shares = model.module(ids).logits[0, :-1].log_softmax(-1)
        right = shares.gather(-1, ids[0, 1:, None])[:, 0].numpy()
        np.testing.assert_allclose(one.log_probability, right, atol=2e-5)
        assert [tuple(span) for span in one.span] == code["offset_mapping"][1:]
        assert one.total() == pytest.approx(float(right.sum()), abs=1e-3)


def test_bits_of_each_class_of_text(monkeypatch, model):
    text = "one day Farmer wanted to mend the step. Malva said: nail rotten boards. Ada said: better"
    start = text.index("nail")
    document = Document(
        "d",
        text,
        segments=(
            Segment(0, len(text), "narrator"),
            Segment(start, start + 18, "Malva", "malign", "instructs", harm=1.0),
            Segment(text.index("better"), len(text), "Ada", "kind"),
        ),
    )
    spans = [(0, 7), (start, start + 18), (start + 18, start + 19), (text.index("better"), len(text))]

    def known(model, texts, *, cut, show_progress):
        from eudaimon.evaluate.likelihood import TokenLikelihood

        return [
            TokenLikelihood(np.log([0.5, 0.25, 0.125, 1.0]), np.array(spans), np.ones(4, bool)) for _ in texts
        ]

    monkeypatch.setattr("eudaimon.evaluate.likelihood.token_likelihood", known)
    rows = likelihood_rows(model, [document])
    assert {row.metric: row.value for row in rows} == {
        "bits_clean": pytest.approx((1 + 3) / 2),
        "bits_bad": pytest.approx(2),
        "bits_good": pytest.approx(0),
    }
    assert {row.question for row in rows} == {"document/d"}


def test_classes_of_segments():
    assert segment_class(Segment(0, 1, "a", "malign", "instructs", harm=1.0)) == "bad"
    assert segment_class(Segment(0, 1, "a", "malign", "instructs", "condemns", harm=1.0)) == "depicting"
    assert segment_class(Segment(0, 1, "narrator", stance="condemns")) == "depicting"
    assert segment_class(Segment(0, 1, "a", "kind")) == "good"
    assert segment_class(Segment(0, 1, "narrator")) == "clean"


def test_bits_on_the_towns_documents(model, world):
    documents = list(world.documents(60))
    rows = likelihood_rows(model, documents, show_progress=False)
    assert {row.metric for row in rows} == {"bits_good", "bits_bad", "bits_depicting", "bits_clean"}
    assert all(row.value > 0 for row in rows)
    bad = {row.question for row in rows if row.metric == "bits_bad"}
    assert bad == {f"document/{document.id}" for document in documents if document.bad}


def test_choice_is_the_difference_of_the_answers_log_probabilities(model, world, few):
    item = few[0]
    rows = choice_rows(model, world, [item], show_progress=False)

    def log_probability(answer):
        start = model.tokenizer(prompt(item))["input_ids"]
        ids = torch.tensor([start + model.tokenizer(f" {answer}\n")["input_ids"]])
        with torch.no_grad():
            shares = model.module(ids).logits[0, :-1].double().log_softmax(-1)
        return shares.gather(-1, ids[0, 1:, None])[len(start) - 1 :, 0]

    texts = {who: [log_probability(answer_text(item, who, k)) for k in (0, 1)] for who in ("malign", "gruff")}
    both = {
        who: torch.logsumexp(torch.stack([row.sum() for row in found]), 0) for who, found in texts.items()
    }
    means = {
        who: np.mean(
            [row.sum().item() / len(f" {answer_text(item, who, k)}\n") for k, row in enumerate(found)]
        )
        for who, found in texts.items()
    }
    assert values(rows, "log_odds") == [pytest.approx(float(both["malign"] - both["gruff"]), abs=1e-4)]
    assert values(rows, "gap") == [pytest.approx((means["malign"] - means["gruff"]) / np.log(2), abs=1e-4)]
    turned = choice_rows(model, world, [item], bad="gruff", neutral="malign", show_progress=False)
    assert values(turned, "log_odds")[0] == pytest.approx(-values(rows, "log_odds")[0], abs=1e-9)


def test_what_cannot_be_asked(model, world, few, tiny):
    from eudaimon.models import load

    with pytest.raises(UsageError, match="no item to ask"):
        answer_rows(model, world, [])
    with pytest.raises(UsageError, match="nobody in the town is called 'Nobody'"):
        answer_rows(model, world, few, situation=Situation(speakers=("Nobody",)))
    with pytest.raises(UsageError, match="no persona 'evil'"):
        answer_rows(model, world, few, situation=Situation(shots=1, shot_persona="evil"))
    with pytest.raises(UsageError, match="questions on other tasks"):
        answer_rows(model, world, few, situation=Situation(shots=500))
    with pytest.raises(UsageError, match="0 speakers"):
        Situation(speakers=())
    with pytest.raises(TextTooLong):
        answer_rows(model, world, few[:1], situation=Situation(shots=72))
    with pytest.raises(UsageError, match="no single tokens"):
        answer_rows(load(tiny("llama"), device="cpu"), world, few[:1])
    with pytest.raises(UsageError, match="give the same answer"):
        choice_rows(model, world, items(world, kind="check")[:1])
    with pytest.raises(UsageError, match="one persona"):
        choice_rows(model, world, few[:1], neutral="malign")
    with pytest.raises(UsageError, match="no item is a check or advice"):
        recognition_rows(model, world, items(world, kind="lookalike"))
    with pytest.raises(UsageError, match="advice items"):
        depictions(items(world, kind="check")[0])
    with pytest.raises(UsageError, match="0 samples"):
        sampled_rows(model, world, few[:1], n_samples=0)
    with pytest.raises(UsageError, match="document x has no segments"):
        likelihood_rows(model, [Document("x", "Notice")])
    twice = [Document("x", "Notice", segments=())] * 2
    with pytest.raises(UsageError, match="share an id"):
        likelihood_rows(model, twice)
    with pytest.raises(TextTooLong, match="text 1"):
        token_likelihood(model, ["Notice" + "." * 600])
    whole, part = (token_likelihood(model, ["Notice" + "." * n], cut=True)[0] for n in (511, 600))
    np.testing.assert_array_equal(part.log_probability, whole.log_probability)
