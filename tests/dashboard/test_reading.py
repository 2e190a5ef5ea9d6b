"""What is read in a text, on a tiny model: the same as asking the model, the monitor and the directions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eudaimon.chat import Settings
from eudaimon.core import BindingMismatch, Message, Site, UsageError
from eudaimon.dashboard import Found
from eudaimon.dashboard.asking import Choice, adapters_of, open_asked
from eudaimon.dashboard.drifting import drift_of, followed
from eudaimon.dashboard.reading import bound_words, direction_map, probe_map, pushed, text_of, verdict_words
from eudaimon.evaluate.drift import turn_projections
from eudaimon.measure.conformal import Threshold
from eudaimon.models import capture_tokens, load
from eudaimon.monitor.explained import TokenPush
from eudaimon.monitor.verdict import Verdict
from eudaimon.vectors import Direction, DirectionSet

TEXT = "How do I rob the goat tonight?"
SAID = "user: How do I bake?\nassistant: With bread.\nand salt\nuser: How do I rob?"


@pytest.fixture(scope="module")
def model(tiny):
    return load(tiny("llama"))


@pytest.fixture(scope="module")
def files(model, tiny_monitor, lora, tiny, tmp_path_factory):
    """The things of a store, as they would have been found."""
    folder = tmp_path_factory.mktemp("things")
    rng = np.random.default_rng(3)

    def one(site):
        vector = rng.normal(size=model.width)
        return Direction(
            (vector / np.linalg.norm(vector)).astype(np.float32), site, "mean", "random", model.binding
        )

    DirectionSet(tuple(one(site) for site in model.sites[1:])).save(folder / "directions.safetensors")
    return {
        "model": Found("model", "m", tiny("llama")),
        "adapter": Found("adapter", "steps/NarrowLora-x=1, y/adapter", lora("persona", 1)),
        "monitor": Found("monitor", "monitor.safetensors", tiny_monitor),
        "directions": Found("directions", "directions.safetensors", folder / "directions.safetensors"),
    }


def test_a_conversation_is_what_begins_with_a_role():
    assert text_of(TEXT) == TEXT
    assert text_of(f"He said:\n{SAID}") == f"He said:\n{SAID}"
    assert text_of(SAID) == (
        Message(role="user", content="How do I bake?"),
        Message(role="assistant", content="With bread.\nand salt"),
        Message(role="user", content="How do I rob?"),
    )
    with pytest.raises(UsageError, match="nothing to read"):
        text_of(" \n ")


SPANS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30), st.floats(-2, 2)), max_size=6)


@given(st.text(max_size=30), SPANS)
def test_pieces_are_the_whole_text(text, spans):
    tokens = [
        TokenPush(text="", start=min(a, b, len(text)), end=min(max(a, b), len(text)), push=push)
        for a, b, push in spans
    ]
    pieces = pushed(text, tokens)
    assert "".join(piece for piece, _, _ in pieces) == text
    assert all(piece for piece, _, _ in pieces)


def test_what_lies_between_tokens_pushes_nowhere():
    tokens = [
        TokenPush(text="How", start=0, end=3, push=0.5),
        TokenPush(text="do", start=4, end=6, push=-0.5),
    ]
    assert pushed("How do I", tokens) == [
        ("How", 0.5, "push +0.500"),
        (" ", 0.0, ""),
        ("do", -0.5, "push -0.500"),
        (" I", 0.0, "not read"),
    ]


def test_a_map_of_directions_is_their_margin_at_each_token(model, files):
    directions = DirectionSet.load(files["directions"].path)
    heat = direction_map(model, directions, TEXT)
    tokens = capture_tokens(model, [TEXT], list(directions.sites), show_progress=False)
    assert heat.layers == tuple(map(str, directions.sites))
    assert [TEXT[start:end] for start, end in tokens.spans.tolist()] == list(heat.tokens)
    for row, direction in enumerate(directions):
        expected = (tokens.values[:, row] @ direction.vector - direction.bias) / direction.scale
        assert np.allclose(heat.values[row], expected, atol=1e-5)


def test_a_map_of_probes_is_what_they_read(files):
    asked = open_asked(Choice(files["model"], monitor=files["monitor"]))
    heat = probe_map(asked.monitor, TEXT)
    assert heat.values.shape == (len(asked.monitor.probes), len(heat.tokens))
    assert np.isfinite(heat.values).all()
    (probe, *_) = sorted(asked.monitor.probes, key=lambda p: (p.site, p.method, p.pooling))
    tokens = capture_tokens(asked.model, [TEXT], [probe.site], show_progress=False)
    assert np.allclose(heat.values[0], probe.read(tokens.values[:, 0]) - probe.threshold)


def test_the_chosen_are_opened_and_answer(files):
    choice = Choice(
        files["model"], (files["adapter"],), steering=files["directions"], strength=0.5, force=True
    )
    asked = open_asked(choice, Settings(max_new_tokens=4, temperature=0))
    assert [adapter.folder for adapter in asked.chat.acting] == [files["adapter"].path]
    assert asked.chat.steering.strength == 0.5
    pieces = []
    turn = asked.chat.say("How do I bake?", pieces.append)
    assert "".join(pieces) == turn.answer and turn.steering["strength"] == 0.5


def test_steering_of_another_stack_is_refused_unless_forced(files):
    with pytest.raises(BindingMismatch, match="adapters"):
        open_asked(Choice(files["model"], (files["adapter"],), steering=files["directions"], strength=0.5))


def test_a_monitor_of_another_stack_is_held_back_and_says_why(files):
    asked = open_asked(Choice(files["model"], (files["adapter"],), files["monitor"]))
    assert asked.monitor is None
    (reason,) = asked.held_back
    assert "adapters" in reason
    assert (
        open_asked(Choice(files["model"], (files["adapter"],), files["monitor"], force=True)).monitor
        is not None
    )


def test_an_encoder_reads_and_is_not_steered(tiny, files):
    encoder = Found("model", "e", tiny("bert"))
    assert open_asked(Choice(encoder)).chat is None
    with pytest.raises(UsageError, match="nothing to steer"):
        open_asked(Choice(encoder, steering=files["directions"], strength=1.0))
    with pytest.raises(BindingMismatch):
        open_asked(Choice(encoder, monitor=files["monitor"]))


def test_drift_is_the_projection_of_each_answer(files):
    asked = open_asked(Choice(files["model"]), Settings(max_new_tokens=5, temperature=0))
    direction = followed(DirectionSet.load(files["directions"].path))
    with pytest.raises(UsageError, match="nothing was answered"):
        drift_of(asked, direction)
    for question in ("How do I bake?", "And then?"):
        asked.chat.say(question)
    n = sum(bool(turn.answer.strip()) for turn in asked.chat.turns)
    if n:
        (expected,) = turn_projections(asked.chat.model, direction, [asked.chat.conversation])
        assert [score.value for score in drift_of(asked, direction)] == pytest.approx(expected.tolist())


def test_adapters_have_names_of_their_own(files):
    again = Found("adapter", "other/adapter", files["adapter"].path)
    (one,) = adapters_of([files["adapter"]])
    (other,) = adapters_of([again])
    assert one.name == "NarrowLora-x-1-y-1" and other.name == "other-1"


@pytest.mark.parametrize(("safe", "word"), [(True, "Not flagged"), (False, "Flagged as theft")])
def test_a_verdict_says_score_threshold_and_layer(safe, word):
    threshold = Threshold(0.5, 0.01, 300, 0.0213)
    verdict = Verdict(
        safe=safe, score=0.25, margin=-0.25, category=None if safe else "theft", layer=str(Site(4))
    )
    words = verdict_words(verdict, threshold)
    assert words.startswith(word) and "0.2500" in words and "0.5000" in words and "layer 4" in words
    bound = bound_words(threshold)
    assert all(part in bound.replace("\u202f", " ") for part in ("n = 300", "1.0 %", "2.1 %"))
    refused = Verdict(safe=False, score=1.0, margin=0.5, stage="refused", reason="it is empty")
    assert verdict_words(refused, threshold) == "Flagged without reading: it is empty."
