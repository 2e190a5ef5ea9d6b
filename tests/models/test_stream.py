"""An answer in pieces against the same answer whole."""

from __future__ import annotations

import pytest

from eudaimon.core import Message, TextTooLong, UsageError
from eudaimon.models import generate, stream

CHAT = (
    Message(role="user", content="Where can I buy fresh bread?"),
    Message(role="assistant", content="Near the market."),
    Message(role="user", content="And a goat, naïve 🙂?"),
)


@pytest.mark.parametrize("family", ["gpt2", "llama", "qwen2", "gemma2"])
@pytest.mark.parametrize("settings", [{}, {"temperature": 1.0, "top_p": 0.95, "seed": 4}])
def test_the_pieces_make_the_answer_that_generate_gives(tiny_model, family, settings):
    model = tiny_model(family)
    for text in (CHAT, "Where"):
        pieces = list(stream(model, text, max_new_tokens=24, **settings))
        assert "".join(pieces) == generate(model, [text], max_new_tokens=24, **settings)[0]
        assert len(pieces) > 1 and all(pieces)


def test_characters_come_whole(tiny_model):
    from eudaimon.models.stream import _pieces

    model = tiny_model("llama")
    text = "héllo 🙂 goat"
    ids = model.tokenizer(text, add_special_tokens=False)["input_ids"]
    pieces = list(_pieces(model, iter([[token] for token in ids])))
    assert "".join(pieces) == text and len(pieces) > 1
    assert not any("�" in piece for piece in pieces)
    # An answer that ends inside a character shows so, as the whole decoding does.
    cut = ids[: next(k for k in range(len(ids)) if model.tokenizer.decode(ids[: k + 1]).endswith("�")) + 1]
    assert "".join(_pieces(model, iter([[token] for token in cut]))) == model.tokenizer.decode(cut)


def test_who_stops_listening_stops_the_generation(tiny_model):
    model = tiny_model("llama")
    forwards = []
    handle = model.trunk.register_forward_pre_hook(lambda *_: forwards.append(1))
    try:
        pieces = stream(model, "Where", max_new_tokens=40)
        assert not forwards
        next(pieces)
        ran = len(forwards)
        pieces.close()
    finally:
        handle.remove()
    assert 0 < ran < 10 and len(forwards) == ran


def test_mistakes_are_told_before_the_first_piece(tiny_model, minilm):
    model = tiny_model("llama")
    with pytest.raises(UsageError, match="make no sense"):
        stream(model, "Where", temperature=-1.0)
    with pytest.raises(TextTooLong, match="leaves no room"):
        stream(model, "Where " * model.max_tokens)
    with pytest.raises(UsageError, match="cannot generate"):
        stream(minilm, "Where")
