"""Scenes of ours: labels by construction, and nothing that tests is trained on."""

from __future__ import annotations

from dataclasses import replace

from eudaimon.curate.labelled.queries import read_queries
from eudaimon.curate.labelled.scenes import A_TOLD, PASSAGE, quoted_scenes, read_scenes, scenes, told_acts
from eudaimon.curate.labelled.segment import SPLITS
from eudaimon.data.taxonomy import categories

ROWS = list(read_scenes())


def test_every_act_is_a_category_s_and_is_in_one_split() -> None:
    assert set(scenes().harmful) <= set(categories())
    splits: dict[str, set[str]] = {}
    for each in ROWS:
        splits.setdefault(each.group, set()).add(each.split)
    assert all(len(found) == 1 for found in splits.values())
    assert {split for found in splits.values() for split in found} == {"train", "calibration", "test"}


def test_harm_stands_with_its_stance_and_the_same_forms_stand_around_none() -> None:
    for each in ROWS:
        kind, stance = each.kind.split("/")
        assert each.stance == stance and each.frame == "none"
        assert (each.harmful == 0.0) == (stance == "none") == (each.severity == 0.0)
        assert each.subject == ("human" if kind == PASSAGE else "AI")
        assert "{" not in each.text + each.before
    assert len({each.stance for each in ROWS}) == 6


def test_the_passages_of_a_split_are_of_no_other() -> None:
    known = scenes()
    for texts in (*known.passages.values(), *known.replies.values(), *known.harmless_passages.values()):
        every = [text for split in SPLITS for text in texts[split]]
        assert len(set(every)) == len(every) and all(texts[split] for split in SPLITS)
    for each in ROWS:
        of = [texts for part in (known.passages, known.replies, known.harmless_passages)
              for stance, texts in part.items() if stance == each.stance]  # fmt: skip
        act = each.group.partition("/")[2]
        assert any(each.text == text.replace("{act}", act) for texts in of for text in texts[each.split])


def test_what_requests_ask_for_is_told_in_several_stances_and_stays_in_its_split() -> None:
    asked = [each for each in read_queries() if each.split != "train"]
    told = list(told_acts(asked))
    assert all((each.stance == "none") == (each.harmful == 0) for each in told)
    of = {split: {each.text for each in told if each.split == split} for split in SPLITS}
    assert of["test"] and of["calibration"] and not of["test"] & of["calibration"]
    (one,) = [each for each in asked if each.harmful][:1]
    act = "rob the bakery"
    found = list(told_acts([replace(one, text=f"How can I {act}?"), replace(one, text="What is a bakery?")]))
    assert len(found) == len({each.stance for each in found}) == A_TOLD
    assert all(act in each.text and each.harm == one.harm and each.split == one.split for each in found)


def test_only_acting_and_harmless_voices_are_quoted() -> None:
    found = list(quoted_scenes(ROWS))
    assert {each.source for each in found} == {"frames"}
    inner = [each for each in found if each.frame_text]
    assert {each.stance for each in inner} == {"enacts", "advocates", "instructs", "none"}
    assert {each.frame for each in inner if each.harmful} == {"condemns", "depicts", "advocates"}
    for each in inner:
        assert each.before + each.text + each.after == each.frame_text
