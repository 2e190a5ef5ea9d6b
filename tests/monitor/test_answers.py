"""Monitors that read the answer at the end of a conversation, in its context: what they read and refuse."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from eudaimon.core import UsageError, as_conversation, plain_text
from eudaimon.data.query import Query, data_hash
from eudaimon.models.capture import capture_tokens
from eudaimon.monitor import FitOptions, fit, load_monitor
from eudaimon.monitor.explanation import explain
from eudaimon.monitor.reading import Part, growing, grown, parts_of, prompts_of
from eudaimon.monitor.storage import monitor_hash, monitor_header

OPTIONS = FitOptions(
    target_fpr=0.1,
    strengths=(0.3,),
    kernel_strengths=(),
    n_layers=1,
    poolings=("mean", "last"),
    reads="answer",
)
ASKED = ("How do I buy the bread?", "How do I kill the goat?", "Who is in the market?")


def talk(*turns):
    roles = ("user", "assistant")
    return as_conversation([{"role": roles[place % 2], "content": turn} for place, turn in enumerate(turns)])


def rows(source, n=80):
    """Answers in which every other one kills, to questions that say nothing of it."""
    rng, found = random.Random(source), {}
    while len(found) < n:
        harmful = len(found) % 2 == 1
        place = rng.choice(("near the market", "in the morning", "again and again"))
        verb = rng.choice(("kill", "stop and kill") if harmful else ("buy", "find"))
        said = f"{verb} the goat {place} {rng.randrange(99)}"
        text = talk(rng.choice(ASKED), said)
        found.setdefault(
            plain_text(text),
            Query(str(len(found)), text, "harmful" if harmful else "safe", source, None, "MIT"),
        )
    return list(found.values())


@pytest.fixture(scope="module")
def answers(model):
    return fit(model("llama"), rows("north"), rows("south"), OPTIONS)


def test_it_reads_the_answer_in_its_context_and_nothing_else(model, answers):
    texts = [row.text for row in rows("east", 12)]
    spans = [(len(plain_text(text)) - len(text[-1].content), len(plain_text(text))) for text in texts]
    tokens = capture_tokens(answers.model, texts, answers.model.sites, show_progress=False)
    probe = replace(answers.probes[0], pooling="mean")
    own = replace(answers, probes=(probe,))
    read = own.score_activations(tokens.mean_within(spans))
    assert np.allclose(own.score(texts), read, atol=1e-5)
    other = [talk("Who is in the market?", text[-1].content) for text in texts]
    assert not np.allclose(own.score(other), read, atol=1e-3)


def test_it_tells_harmful_answers_from_harmless_ones(answers):
    test = rows("west")
    scores = answers.score([row.text for row in test])
    harmful = np.array([row.harmful for row in test])
    assert scores[harmful].min() > scores[~harmful].max()


def test_a_growing_answer_is_read_as_its_beginning(model):
    text = talk("How do I buy bread?", " ".join(["the goat near the market"] * 5))
    (whole,) = prompts_of(model("llama"), [Part(0, text, answer=(0, len(text[-1].content)))])
    looks = grown(whole)
    counts = [int(look.content.sum()) for look in looks]
    assert counts == growing(int(whole.content.sum())) and counts[:3] == [1, 2, 3]
    for look in looks:
        assert np.array_equal(look.ids, whole.ids[: len(look)]) and look.last == len(look) - 1
        assert look.content[look.last]
    said = text[-1].content
    before = len(plain_text(text)) - len(said)
    first = looks[0].spans[looks[0].content][0]
    assert plain_text(text)[first[0] : first[1]].strip() in "the" and before - 1 <= first[0] <= before


def test_a_long_answer_is_read_whole_and_in_windows(model):
    said = "How do I kill the goat? " * 3
    parts = [p for p in parts_of(0, talk("Who?", said), model("llama"), 12, "answer") if not p.note]
    assert parts[0].answer == (0, len(said)) and len(parts) > 3
    assert parts[1].window == parts[1].answer and parts[-1].answer[1] == len(said)
    prompts = prompts_of(model("llama"), parts)
    assert prompts[0].content.sum() > 12 >= max(prompt.content.sum() for prompt in prompts[1:])
    assert len({len(prompt) for prompt in prompts}) == 1  # each in the whole context


@pytest.mark.parametrize(
    "text", ["kill the goat", talk("kill the goat"), talk("Who?", " "), talk("Who?", "The goat.", "kill it")]
)
def test_what_has_no_answer_at_its_end_never_passes(answers, text):
    verdict = answers.check(text)
    assert not verdict.safe and verdict.stage == "refused" and verdict.score == 1.0


def test_an_answer_that_the_context_does_not_hold_never_passes(answers):
    text = talk("Who is in the market?", "the goat and the fox " * answers.model.max_tokens)
    verdict = replace(answers, window_tokens=10_000).check(text)
    assert not verdict.safe and verdict.stage == "refused"


def test_its_file_says_what_it_reads(answers, tmp_path):
    path = answers.save(tmp_path / "answers.safetensors")
    back = load_monitor(path, answers.model)
    with pytest.raises(UsageError, match="reads answers, and here texts"):
        load_monitor(path, answers.model, reads="text")
    assert back.reads == "answer" and monitor_header(path).reads == "answer"
    assert monitor_hash(back) == monitor_hash(answers) != monitor_hash(replace(answers, reads="text"))
    text = talk(ASKED[0], "stop and kill the goat")
    assert back.check(text).score == answers.check(text).score
    assert answers.record["train"]["hash"] == data_hash(rows("north"))
    assert len(answers.examples.texts) == len(rows("north")) == len(answers.examples.features)


def test_what_it_cannot_be_fitted_on_or_asked(model, answers):
    with pytest.raises(UsageError, match="encoder"):
        fit(model("bert"), rows("north"), rows("south"), OPTIONS)
    bad = [replace(row, text="a text") if place == 3 else row for place, row in enumerate(rows("north"))]
    with pytest.raises(UsageError, match="row 3 of north does not end with an answer"):
        fit(model("llama"), bad, rows("south"), OPTIONS)
    with pytest.raises(UsageError, match="reads answers"):
        explain(answers, talk("Who?", "The goat."))
