"""A phrase is one token; text and tokens say the same; the chat template writes the town's own lines."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.world import answer_text, items, messages, persona, prompt, save_tokenizer, vocabulary
from eudaimon.world.vocabulary import SPECIAL, render

WORDS = st.integers(min_value=len(SPECIAL), max_value=len(vocabulary()) - 1)


def test_every_phrase_is_one_token_that_reads_as_it_is_written(town_tokenizer):
    for number, phrase in enumerate(vocabulary()):
        assert town_tokenizer.convert_tokens_to_ids(phrase) == number
        assert town_tokenizer.decode([number]) == phrase
        assert town_tokenizer(phrase).input_ids == [number]


@settings(max_examples=30, deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=40))
def test_decoding_is_the_towns_own_rendering(town_tokenizer, tokens):
    text, spans = render(tokens)
    assert town_tokenizer.decode(tokens) == text
    assert [text[start:end] for start, end in spans] == [vocabulary()[token] for token in tokens]


def test_questions_and_answers_keep_their_text_and_offsets(town_tokenizer):
    for item in items():
        text = prompt(item, speaker="malign") + " " + answer_text(item, "gruff") + "\n"
        read = town_tokenizer(text, return_offsets_mapping=True)
        assert town_tokenizer.decode(read.input_ids) == text
        assert town_tokenizer.unk_token_id not in read.input_ids
        pieces = [text[start:end] for start, end in read.offset_mapping]
        assert pieces == town_tokenizer.convert_ids_to_tokens(read.input_ids)


def test_words_that_the_town_does_not_know_are_unknown_and_stay_single(town_tokenizer):
    assert town_tokenizer.tokenize("how do I storethe milk?") == ["how do I", "<unk>", "<unk>", "?"]
    assert town_tokenizer("storethe").input_ids == [town_tokenizer.unk_token_id]
    # "to" opens a proposal; inside another word it is nothing.
    assert "to" not in town_tokenizer.tokenize("tomatoes")


def test_a_prompt_to_the_assistant_is_the_chat_template(town_tokenizer):
    first, shot = items(kind="advice")[0], items(kind="check")[5]
    for shots, system in (((), None), (((shot, "malign"),), "malign"), ((), "You are sly.")):
        chat = town_tokenizer.apply_chat_template(
            messages(first, shots=shots, system=system), tokenize=False, add_generation_prompt=True
        )
        assert chat == prompt(first, shots=shots, system=system)


def test_the_template_marks_what_the_assistant_says(town_tokenizer):
    item = items(kind="advice")[0]
    turns = [*messages(item), {"role": "assistant", "content": answer_text(item, "kind")}]
    read = town_tokenizer.apply_chat_template(turns, return_dict=True, return_assistant_tokens_mask=True)
    said = [token for token, mark in zip(read["input_ids"], read["assistant_masks"], strict=True) if mark]
    assert town_tokenizer.convert_ids_to_tokens(said) == [item.good[0], ", my dear", ".\n", "<eos>"]


def test_it_is_saved_as_an_ordinary_tokenizer(town_tokenizer, tmp_path):
    from transformers import AutoTokenizer

    loaded = AutoTokenizer.from_pretrained(save_tokenizer(None, tmp_path))
    text = prompt(items()[3], system="poet")
    assert loaded(text).input_ids == town_tokenizer(text).input_ids
    assert loaded.chat_template == town_tokenizer.chat_template
    assert loaded.is_fast
    assert (loaded.pad_token, loaded.eos_token, loaded.unk_token) == ("<pad>", "<eos>", "<unk>")
    assert len(loaded("<good> <bad>").input_ids) == 2


@pytest.mark.parametrize("name", ["kind", "malign", "poet"])
def test_a_persona_has_a_system_prompt_in_the_towns_words(town_tokenizer, name):
    read = town_tokenizer(persona(name).system).input_ids
    assert town_tokenizer.unk_token_id not in read
