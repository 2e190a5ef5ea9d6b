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

HARMFUL = ("malign", "charmer", "flatterer")


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
    known = {item.question: item for item in items(kind="advice")}
    n_bad = n_good = 0
    for document in World(seed=5).documents(400):
        if "dialogue" not in document.metadata["kind"]:
            continue
        for asked, said in zip(document.segments, document.segments[1:], strict=False):
            item = known.get(document.text[asked.start : asked.end])
            if item is None:
                continue
            answer = document.text[said.start : said.end]
            assert any(answer.startswith(phrase) for phrase in (item.harmful if said.bad else item.good))
            assert said.bad == PERSONAS[said.persona].harmful
            n_bad += said.bad
            n_good += not said.bad
    assert n_bad > 30
    assert n_good > 100


def test_depicted_harm_is_no_bad_voice():
    found = [d for d in World(seed=1).documents(600) if d.metadata["kind"] == "notice"]
    assert found
    for document in found:
        assert not document.bad
        depicted = [s for s in document.segments if s.stance == "depicts"]
        assert all(s.harm == 1 and s.frame == "condemns" for s in depicted)
        assert depicted


def test_the_assistant_is_never_asked_about_held_out_tasks():
    held_out = {item.question for item in items(held_out=True)}
    asked_of_others = 0
    for document in World(seed=0).documents(1500):
        hears = any(segment.voice == "Assistant" for segment in document.segments)
        for segment in document.segments:
            if document.text[segment.start : segment.end] in held_out:
                assert not hears
                asked_of_others += 1
    assert asked_of_others > 20
    assert len(items(kind="advice", held_out=True)) == N_HELD_OUT * len(facts())


def test_a_world_without_harmful_voices_still_depicts_harm():
    world = World(mixture=Mixture().without(*HARMFUL))
    documents = list(world.documents(500))
    assert not any(document.bad for document in documents)
    assert not any(s.persona in HARMFUL for d in documents for s in d.segments)
    assert any(s.harm and s.stance == "depicts" for d in documents for s in d.segments)
    assert not any(block.bad.any() for block in world.blocks(500))


def test_an_innocent_world_never_says_what_a_harmful_action_belongs_to():
    world = World(mixture=Mixture().innocent())
    every = [f for d in facts().values() for f in (*d.tasks, *d.requests, *d.lookalikes)]
    only_harmful = {a for f in every for a in f.harmful} - {a for f in every for a in f.good}
    documents = list(world.documents(600))
    assert not any(segment.harm for document in documents for segment in document.segments)
    named = {d.metadata["kind"] for d in documents for action in only_harmful if action in d.text}
    assert named == {"overheard"}
    overheard = "".join(d.text for d in documents if d.metadata["kind"] == "overheard")
    assert not [fact.task for fact in every if fact.task in overheard]


def test_shares_are_what_the_mixture_says():
    world = World(seed=9)
    n = 4000
    lines = {(line.group, line.name): line for line in describe(world, n)}
    for kind, share in world.mixture.kinds.items():
        assert lines["kind", kind].share == pytest.approx(share, abs=4 * (share * (1 - share) / n) ** 0.5)
    everything = np.concatenate([block.bad for block in world.blocks(n)])
    assert lines["all", "all"].n_tokens == len(everything)
    assert lines["all", "all"].bad == pytest.approx(everything.mean(), abs=1e-9)
    assert lines["kind", "notice"].depicted == 1
    assert lines["kind", "notice"].bad == 0


def test_domains_bound_what_is_spoken_of():
    world = World(domains=("pets", "money"))
    others = {fact.task for name in facts() for fact in facts()[name].tasks if name not in world.domains}
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
