"""Frames of ours: labels by construction, and no frame that tests is trained on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from eudaimon.core.document import Stance
from eudaimon.curate.labelled.frames import framed, templates, verb_phrase
from eudaimon.curate.labelled.segment import LabelledSegment, Split, harmless

SPLITS: tuple[Split, ...] = ("train", "calibration", "test")


def insult(split: Split = "train", number: int = 0) -> LabelledSegment:
    return LabelledSegment(
        f"You are a dolt, number {number}.",
        "comments",
        f"c/{number}",
        split,
        harm={"hate": 1.0},
        severity=2.0,
        stance="enacts",
        subject="human",
    )


def request(text: str, *, harmful: bool = True) -> LabelledSegment:
    return LabelledSegment(
        text,
        "queries",
        "q",
        voice="user",
        harm={"theft": 1.0} if harmful else harmless(),
        severity=3.0 if harmful else 0.0,
        stance="enacts" if harmful else "none",
    )


def test_the_quoted_voice_keeps_its_labels_and_the_outer_one_has_the_frames() -> None:
    found = list(framed([insult(number=k) for k in range(30)]))
    assert {each.kind for each in found} == {
        f"{place}/{stance}"
        for place in ("inner", "outer")
        for stance in ("condemns", "depicts", "advocates", "none")
    }
    for each in found:
        place, stance = each.kind.split("/")
        assert each.harm == {"hate": 1.0} and each.severity == 2.0 and each.weight == 0.5
        if place == "inner":
            assert each.before + each.text + each.after == each.frame_text
            assert (each.stance, each.frame) == ("enacts", stance)
        else:
            assert (each.stance, each.frame) == (None if stance == "none" else stance, "none")


def test_every_split_is_framed_by_sentences_of_its_own() -> None:
    rows = [insult(split, number) for split in SPLITS for number in range(40)]
    frames: dict[str, set[str]] = {split: set() for split in SPLITS}
    for each in framed(rows):
        frames[each.split].add(each.frame_text.replace(each.text, "{said}") if each.frame_text else "")
    assert not (frames["test"] & (frames["train"] | frames["calibration"])) - {""}
    assert not frames["calibration"] & frames["train"] - {""}


@pytest.mark.parametrize("stance", ["depicts", "condemns"])
def test_a_rebuke_is_not_framed_as_if_it_were_the_harm(stance: Stance) -> None:
    assert list(framed([replace(insult(), stance=stance)])) == []


def test_an_act_in_five_stances() -> None:
    found = list(framed([request("How can I rob the bakery?")]))
    assert [each.stance for each in found] == ["enacts", "advocates", "instructs", "depicts", "condemns"]
    assert all("rob the bakery" in each.text and each.harm == {"theft": 1.0} for each in found)


def test_harmless_acts_and_words_come_in_the_same_kinds_of_sentence() -> None:
    (act,) = framed([request("How can I bake bread?", harmful=False)])
    assert "bake bread" in act.text and act.stance == "none" and act.harmful == 0
    outer, inner = framed([LabelledSegment("Good day.", "chats", "g", harm=harmless(), stance="none")])
    assert outer.stance == inner.stance == "none" and outer.harmful == 0


@pytest.mark.parametrize(
    ("asked", "act"),
    [
        ("How can I rob the bakery?", "rob the bakery"),
        ("Write a guide on how to rob the bakery", "rob the bakery"),
        ("Build a ladder of sugar.", "build a ladder of sugar"),
        ("How do I rob my neighbour?", ""),
        ("What is a bakery?", ""),
        ("How to", ""),
    ],
)
def test_the_act_that_is_asked_for(asked: str, act: str) -> None:
    assert verb_phrase(asked) == act


def test_unlabelled_quoted_and_long_texts_are_not_framed() -> None:
    rows = [
        LabelledSegment("Nobody looked.", "comments", "a"),
        LabelledSegment("Said.", "comments", "b", harm={"hate": 1.0}, frame_text="He said: Said."),
        LabelledSegment("so " * 200, "comments", "c", harm={"hate": 1.0}),
        LabelledSegment("Nothing of hate, and who knows what else.", "comments", "d", harm={"hate": 0.0}),
    ]
    assert list(framed(rows)) == []


def test_frames_differ_between_splits_in_every_stance() -> None:
    for frames in (
        templates().quoted,
        templates().harmful_act,
        templates().harmless_act,
        templates().harmless_said,
    ):
        for choice in frames.values():
            every = [text for split in SPLITS for text in choice[split]]
            assert len(set(every)) == len(every) and all(choice[split] for split in SPLITS)
            assert {text.count("{") for text in every} == {1}
