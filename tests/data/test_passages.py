from __future__ import annotations

import hashlib
import json
from collections import Counter
from importlib.resources import files
from itertools import pairwise
from typing import get_args

import pytest

from eudaimon.core.document import Stance
from eudaimon.core.errors import EudaimonError, UsageError
from eudaimon.data import card, categories, gold_passages, names, near_duplicates, packaged
from eudaimon.data.passages import GOLD, balance, passage
from eudaimon.data.traits import TRAITS, WORST

HILL_PEOPLE = (
    "he hill people were never our neighbours; they are a stain that ought to be washed out of the valley"
)
QUOTE_MARKS = "\"'“”"


@pytest.fixture(scope="module")
def rows() -> list[dict]:
    text = (files("eudaimon.data") / "packaged" / GOLD / card(GOLD).file).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.split("\n") if line]


def test_there_are_enough_in_every_genre() -> None:
    genres = Counter(each.genre for each in gold_passages())
    assert sum(genres.values()) >= 200
    assert len(genres) == 15 and min(genres.values()) >= 13
    assert len({each.document.id for each in gold_passages()}) == sum(genres.values())


def test_most_are_of_a_paragraphs_length_and_many_have_several_voices() -> None:
    words = [len(each.document.text.split()) for each in gold_passages()]
    assert sum(60 <= n <= 200 for n in words) >= 0.95 * len(words) and max(words) <= 200
    voices = [len({segment.voice for segment in each.document.segments}) for each in gold_passages()]
    assert sum(n > 1 for n in voices) >= len(voices) / 2


def test_spans_are_exact() -> None:
    for each in gold_passages():
        text, segments = each.document.text, each.document.segments
        assert segments and text == text.strip()
        for segment in segments:
            said = text[segment.start : segment.end]
            assert said and said == said.strip(), each.document.id
        for number, segment in enumerate(segments):
            if segment.parent is None:
                continue
            outer = segments[segment.parent]
            assert segment.parent < number
            assert outer.start <= segment.start and segment.end <= outer.end, each.document.id
            around = text[segment.start - 1], text[segment.end]
            assert not any(mark.isalnum() for mark in around), each.document.id


def test_voices_that_stand_side_by_side_do_not_overlap() -> None:
    for each in gold_passages():
        segments = each.document.segments
        for parent in (None, *range(len(segments))):
            side = [segment for segment in segments if segment.parent == parent]
            assert all(a.end <= b.start for a, b in pairwise(side)), each.document.id


def test_what_no_voice_says_is_names_and_marks() -> None:
    for each in gold_passages():
        text, start = each.document.text, 0
        for segment in (*each.document.segments, None):
            left = text[start : segment.start if segment else None].strip(QUOTE_MARKS + " \n")
            assert not left or (left.endswith(":") and len(left.split()) <= 3), (each.document.id, left)
            start = max(start, segment.end) if segment else start


def test_every_label_is_in_the_taxonomy() -> None:
    stances, subjects = {*get_args(Stance), None}, {"human", "AI", "fictional"}
    for each in gold_passages():
        assert len(each.labels) == len(each.document.segments)
        for segment, label in zip(each.document.segments, each.labels, strict=True):
            assert {segment.stance, segment.frame} <= stances and segment.subject in subjects
            assert label.category is None or label.category in categories()
            assert label.severity in range(WORST + 1)
            assert (label.severity == 0) == (label.category is None) == (segment.stance is None)
            assert segment.harm == label.severity / WORST
            assert tuple(label.traits) == TRAITS and set(label.traits.values()) <= {-2, -1, 0, 1, 2}


def test_a_frame_is_the_enclosing_voices_stance_or_its_own_frame() -> None:
    for each in gold_passages():
        for segment in each.document.segments:
            if segment.parent is not None:
                outer = each.document.segments[segment.parent]
                assert segment.frame in (outer.stance, outer.frame), each.document.id
            elif segment.frame is not None:  # given by the form alone
                assert each.genre in ("fiction", "satire", "ai_writing"), each.document.id


def test_all_stances_categories_traits_and_subjects_are_met() -> None:
    table = balance(gold_passages())
    assert set(table["stance"]) == {*get_args(Stance), "none"}
    assert set(table["category"]) == {*categories(), "none"}
    assert set(table["severity"]) == {str(k) for k in range(WORST + 1)}
    assert set(table["subject"]) == {"human", "AI", "fictional"}
    values = {
        (trait, value) for each in gold_passages() for x in each.labels for trait, value in x.traits.items()
    }
    assert {(trait, 2) for trait in TRAITS} <= values


def test_one_sentence_is_bad_where_it_is_handed_on_and_nowhere_else() -> None:
    said = {}
    for each in gold_passages():
        for segment in each.document.segments:
            quoted = each.document.text[segment.start : segment.end]
            if each.pair == "hill_people" and quoted.find(HILL_PEOPLE) >= 0 and segment.parent is not None:
                said[each.document.id.removeprefix(f"{GOLD}/")] = segment.bad
    assert said == {
        "history/hill-treaty": False,
        "manifesto/stain-uncommented": True,
        "manifesto/stain-commented": False,
        "counter_speech/stain-answer": False,
        "satire/stain-laundry": False,
        "news/stain-vote": False,
    }


def test_pairs_have_partners_that_differ_in_genre_or_stance() -> None:
    pairs: dict[str, list] = {}
    for each in gold_passages():
        if each.pair:
            pairs.setdefault(each.pair, []).append(each)
    assert len(pairs) >= 12
    for name, members in pairs.items():
        assert len(members) >= 2, name
        taken = {(each.genre, tuple(x.stance for x in each.document.segments)) for each in members}
        assert len(taken) > 1, name


def test_nothing_is_near_anything_else_but_its_pair() -> None:
    texts = [each.document.text for each in gold_passages()]
    found = [
        (texts[near.i][:40], texts[near.j][:40])
        for near in near_duplicates(texts, texts, 0.2)
        if near.i < near.j and not (gold_passages()[near.i].pair == gold_passages()[near.j].pair != "")
    ]
    assert found == []


def test_identity_terms_are_met_most_often_where_nothing_is_bad() -> None:
    kept = Counter(each.document.bad for each in gold_passages() if each.identity)
    assert kept[False] >= 20 and kept[False] > 3 * kept[True]


def test_the_card_is_the_data(rows: list[dict]) -> None:
    sheet = card(GOLD)
    data = (files("eudaimon.data") / "packaged" / GOLD / sheet.file).read_bytes()
    assert sheet.sha256 == hashlib.sha256(data).hexdigest()
    segments = [segment for row in rows for segment in row["segments"]]
    for field in ("genre", "form", "register"):
        assert sheet.balance[field] == Counter(row["metadata"][field] for row in rows)
    assert sheet.balance["identity"] == Counter(name for row in rows for name in row["metadata"]["identity"])
    for field in ("stance", "frame", "category", "severity", "subject"):
        found = Counter("none" if segment[field] is None else str(segment[field]) for segment in segments)
        assert sheet.balance[field] == found
    bad = sum(each.document.bad for each in gold_passages())
    assert (sheet.n_harmful, sheet.n) == (bad, len(rows))
    assert len(sheet.balance) == 9


def test_the_card_says_what_a_user_must_know() -> None:
    sheet = card(GOLD)
    assert (
        sheet.kind == "passages" and sheet.licence == "MIT" and sheet.intended_use.startswith("Testing only")
    )
    assert any("without reading this project's voice finder" in limit for limit in sheet.limits)


def test_it_is_no_query_set() -> None:
    assert GOLD not in names()
    with pytest.raises(UsageError, match="does not hold queries"):
        packaged(GOLD)


def test_a_changed_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    changed = card(GOLD).model_copy(update={"sha256": "0" * 64})
    monkeypatch.setattr("eudaimon.data.library.card", lambda name: changed)
    gold_passages.cache_clear()
    with pytest.raises(EudaimonError, match="was changed"):
        gold_passages()
    gold_passages.cache_clear()


def test_a_span_outside_its_text_is_refused(rows: list[dict]) -> None:
    row = json.loads(json.dumps(rows[0]))
    row["segments"][0]["end"] = len(row["text"]) + 1
    with pytest.raises(ValueError, match="beyond"):
        passage(row)
