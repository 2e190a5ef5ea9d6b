"""A document follows from its world and its number; tokens, text and labels say the same."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core import UsageError
from eudaimon.world import PERSONAS, Mixture, World, describe, items
from eudaimon.world.facts import N_HELD_OUT, facts

HARMLESS = ("malign", "charmer", "flatterer")


def test_blocks_are_what_the_tokenizer_makes_of_the_documents(town_tokenizer):
    world = World(seed=3)
    documents = list(world.documents(300, start=40))
    (block,) = world.blocks(300, start=40)
    assert block.start == 40
    assert block.bad.any()
    for place, document in enumerate(documents):
        own = slice(block.offsets[place], block.offsets[place + 1])
        read = town_tokenizer(document.text, return_offsets_mapping=True)
        assert read.input_ids == block.tokens[own].tolist()
        assert town_tokenizer.decode(read.input_ids) == document.text
        bad = [
            any(s.bad and s.start < end and start < s.end for s in document.segments)
            for start, end in read.offset_mapping
        ]
        assert bad == block.bad[own].tolist()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**40), st.integers(0, 10_000), st.integers(1, 30))
def test_a_document_depends_on_its_number_only(seed, start, n):
    world = World(seed=seed)
    alone = [next(world.documents(1, number)) for number in (start, start + n - 1)]
    together = list(world.documents(n, start))
    assert [together[0], together[-1]] == alone
    assert together[0].id == str(start)


def test_the_stream_has_no_end_and_no_seed_repeats_another():
    assert len(list(islice(World().documents(), 700))) == 700
    texts = [[d.text for d in World(seed=seed).documents(50)] for seed in (0, 1)]
    assert len(set(texts[0]) & set(texts[1])) < 5


def test_blocks_join_without_a_seam():
    world = World(seed=1)
    whole = list(world.blocks(5000))
    assert [block.start for block in whole] == [0, 4096]
    tail = next(world.blocks(904, start=4096))
    assert np.array_equal(whole[1].tokens, tail.tokens)
    assert np.array_equal(whole[1].bad, tail.bad)


def test_segments_show_who_speaks():
    for document in World(seed=2).documents(300):
        for segment in document.segments:
            said = document.text[segment.start : segment.end]
            assert said == said.strip()
            assert said
            if segment.persona:
                assert segment.tone == PERSONAS[segment.persona].tone
            named = [p for p in PERSONAS.values() if segment.voice in p.names]
            if named:
                assert segment.persona == named[0].name
            if segment.parent is not None:
                outer = document.segments[segment.parent]
                assert outer.start <= segment.start
                assert segment.end <= outer.end


def test_bad_voices_say_what_is_harmful_and_good_ones_never_do():
    """Labels against the facts: an independent reading of the dialogues' advice."""
    others = {fact.task for name in facts() for fact in facts()[name].tasks if name not in ("pets", "money")}
    for document in world.documents(200):
        assert document.metadata["domain"] in ("pets", "money")
        assert not any(task in document.text for task in others)
    assert {item.domain for item in items(world)} == {"pets", "money"}


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: list(World().documents(-1)), "-1 documents"),
        (lambda: list(World().blocks(3, start=-2)), "-2"),
        (lambda: World(domains=("moon",)), "moon"),
        (lambda: World(domains=()), "domains"),
        (lambda: World(seed="x"), "seed"),
        (lambda: describe(World(), 0), "0 documents"),
    ],
)
def test_what_cannot_be_is_said(call, words):
    with pytest.raises(UsageError, match=words):
        call()
