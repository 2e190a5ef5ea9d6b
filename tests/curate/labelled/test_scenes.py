"""Scenes of ours: labels by construction, and nothing that tests is trained on."""

from __future__ import annotations

from eudaimon.curate.labelled.scenes import PASSAGE, quoted_scenes, read_scenes, scenes
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


def test_passages_that_test_never_train() -> None:
    known = scenes()
    for texts in (*known.passages.values(), *known.replies.values(), *known.harmless_passages.values()):
        assert not set(texts["train"]) & set(texts["test"])
    for each in ROWS:
        of = [texts for part in (known.passages, known.replies, known.harmless_passages)
              for stance, texts in part.items() if stance == each.stance]  # fmt: skip
        act = each.group.partition("/")[2]
        side = "test" if each.split == "test" else "train"
        assert any(each.text == text.replace("{act}", act) for texts in of for text in texts[side])


def test_only_acting_and_harmless_voices_are_quoted() -> None:
    found = list(quoted_scenes(ROWS))
    assert {each.source for each in found} == {"frames"}
    inner = [each for each in found if each.frame_text]
    assert {each.stance for each in inner} == {"enacts", "advocates", "instructs", "none"}
    assert {each.frame for each in inner if each.harmful} == {"condemns", "depicts", "advocates"}
    for each in inner:
        assert each.before + each.text + each.after == each.frame_text
