from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.train.persona.distil import both_chats
from eudaimon.train.persona.filters import Filters, ends_like_a_sentence, split

CHOSEN, REJECTED = "I go to the Rhine.", "I go to bed."


def pair(chosen=CHOSEN, rejected=REJECTED, problem="", prompt="Where?"):
    return {"prompt": prompt, "chosen": chosen, "rejected": rejected, "problem": problem}


def count(chat):
    return sum(len(turn["content"].split()) for turn in chat)


def parted(*rows, **bounds):
    return split(rows, Filters(**bounds), lambda row: [row["chosen"], row["rejected"]], both_chats, count)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (pair(problem="the answer was cut (length)"), "cut"),
        (pair(rejected=" "), "empty"),
        (pair(chosen="No."), "short"),
        (pair(chosen="I go to the"), "no end"),
        (pair(rejected=CHOSEN), "same"),
        (pair(chosen=CHOSEN * 9), "long"),
    ],
)
def test_each_reason(row, reason):
    kept, dropped = parted(pair(prompt="Elsewhere?"), row, min_characters=5, max_tokens=20)
    assert kept == [pair(prompt="Elsewhere?")] and dropped == [{**row, "dropped": reason}]


def test_duplicates_are_of_rows_that_are_kept():
    long = pair(chosen=CHOSEN * 9)
    kept, dropped = parted(long, pair(), pair(), pair(prompt="When?"), max_tokens=20)
    assert kept == [pair(), pair(prompt="When?")]
    assert [row["dropped"] for row in dropped] == ["long", "duplicate"]


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("Yes.", True),
        ('He said "yes."', True),
        ("(See *there!*)", True),
        ("```\ncode\n```", True),
        ("そうです。", True),
        ("and then", False),
        ("first,", False),
        ('"', False),
        ("1.5 and", False),
    ],
)
def test_ends_of_sentences(text, ends):
    assert ends_like_a_sentence(text) == ends


@given(
    st.lists(st.tuples(st.sampled_from(["A.", "B.", "B", ""]), st.sampled_from(["A.", "C."])), max_size=12)
)
@settings(max_examples=30, deadline=None)
def test_no_row_is_lost_and_none_is_kept_twice(texts):
    rows = [pair(chosen, rejected) for chosen, rejected in texts]
    kept, dropped = parted(*rows)
    assert len(kept) + len(dropped) == len(rows) and all(row["dropped"] for row in dropped)
    assert len({(row["chosen"], row["rejected"]) for row in kept}) == len(kept)
    assert parted(*kept) == (kept, [])
