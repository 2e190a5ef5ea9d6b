"""Files of matched texts: what is read, and what is refused without telling what it says."""

from __future__ import annotations

import json

import pytest

from eudaimon.core import UsageError
from eudaimon.core.errors import BadRows
from eudaimon.evaluate.judge_free.matched import Matched, read_matched


@pytest.fixture
def file(tmp_path):
    def write(*rows):
        path = tmp_path / "pairs.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return path

    return write


def test_both_spellings_are_read(file):
    found = read_matched(
        file(
            {"bad": "Sour it.", "neutral": "Cool it.", "part": "kitchen"},
            {"question": "And now?", "misaligned": "Burn it.", "aligned": "Keep it.", "id": "q"},
        )
    )
    assert [(one.id, one.bad, one.neutral, one.prompt, one.part) for one in found] == [
        ("line-1", ("Sour it.",), ("Cool it.",), "", "kitchen"),
        ("q", ("Burn it.",), ("Keep it.",), "And now?", ""),
    ]


def test_where_a_text_begins():
    plain = Matched("a", ("bad",), ("good",), before="He said: ")
    text, start = plain.text("bad")
    assert text == "He said: bad" and text[start:] == "bad"
    # Something must predict the first token.
    text, start = Matched("b", ("bad",), ("good",)).text("bad")
    assert text == "\nbad" and text[start:] == "bad"
    turns, start = Matched("c", ("bad",), ("good",), prompt="Why?").text("bad")
    assert [turn.role for turn in turns] == ["user", "assistant"] and start == -3


def test_what_follows_is_read_where_there_is_something():
    plain = Matched("a", ("bad",), ("good",), before="He: ", after=" She:")
    text, start = plain.probed("bad")
    assert text == "He: bad She:" and text[start:] == " She:" and plain.text("bad")[0] == "He: bad"
    turns, start = Matched("b", ("bad",), ("good",), prompt="Why?", after="And now?").probed("bad")
    assert [turn.content for turn in turns] == ["Why?", "bad", "And now?"] and start == -8
    assert Matched("c", ("bad",), ("good",)).probed("bad") == Matched("c", ("bad",), ("good",)).text("bad")


@pytest.mark.parametrize(
    ("row", "match"),
    [
        ({"bad": "SECRET", "neutral": ""}, "line 2: no pair"),
        ({"bad": 3, "neutral": "SECRET"}, "line 2: no pair"),
        ({"bad": "SECRET", "neutral": "SECRET"}, "line 2: both texts are the same"),
        ({"bad": "SECRET", "neutral": "b", "id": "line-1"}, "line 2: the id stands twice"),
    ],
)
def test_other_rows_are_refused_without_a_word_of_theirs(file, row, match):
    with pytest.raises(BadRows, match=match) as error:
        read_matched(file({"bad": "a", "neutral": "b"}, row))
    assert "SECRET" not in str(error.value)


def test_a_pair_alone_is_no_set(file):
    with pytest.raises(BadRows, match="1 pairs"):
        read_matched(file({"bad": "a", "neutral": "b"}))
    with pytest.raises(UsageError, match="one of the two"):
        Matched("a", ("x",), ("y",), before="b", prompt="c")
