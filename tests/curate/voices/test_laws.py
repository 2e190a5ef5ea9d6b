"""What holds of the voices of every text, however broken it is."""

from __future__ import annotations

import sys
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from eudaimon.core.document import Document
from eudaimon.core.errors import UsageError
from eudaimon.curate import FORMS, MARKUP, detect_form, segments, sentence_spans, with_voices

# Pieces of every form, so that chance makes texts in which forms meet, marks cross and lines break off.
PIECES = (
    *(
        "“",
        "”",
        "‘",
        "’",
        '"',
        "'",
        "«",
        "»",
        "„",
        "—",
        "> ",
        ">> ",
        "\n",
        "\n\n",
        "\r\n",
        "\r\n\r\n",
        "\t",
        " ",
    ),
    *(
        "Human: ",
        "\n\nAssistant: ",
        "USER: ",
        " ASSISTANT: ",
        "Ada: ",
        "\nBen: ",
        "\n\nADA\n\n",
        "\n(Exit.)\n",
        "<ada> ",
    ),
    *(
        "<|im_start|>user\n",
        "<|im_end|>",
        "[INST] ",
        " [/INST]",
        "</s>",
        '{"role": "user", ',
        '"content": "',
        '"}',
        "\\",
    ),
    *(
        "\nBob wrote:\n",
        "On Monday, Bob <b@x.org> wrote:\n> ",
        "said Tom",
        "he said",
        ". ",
        "! ",
        "?",
        ",",
        "Dr. ",
    ),
    *("word", "Yes", "said the old man, ", "\ud800", "\udfff", "\x00", "\u2029", "😀", "日本。「はい」", "ß"),
)
texts = st.lists(st.sampled_from(PIECES), max_size=60).map("".join) | st.text(max_size=80)
anything = st.text(st.characters(exclude_categories=()), max_size=80)


@settings(max_examples=300, deadline=None)
@given(text=texts | anything, form=st.sampled_from((None, *FORMS)), longest=st.sampled_from((1, 7, 40, 1000)))
@example(text="“" * 50 + "a" + "”" * 50, form=None, longest=7)
@example(text="> a\n>> “b\n> c”\n", form=None, longest=3)
@example(text="Ada: “yes.\nBen: no.”\nAda: a.\nBen: b.\n", form=None, longest=1)
def test_top_segments_tile_the_text_and_the_others_lie_in_their_parents(text, form, longest):
    found = segments(text, form=form, longest=longest)
    top = [segment for segment in found if segment.parent is None]
    assert "".join(text[segment.start : segment.end] for segment in top) == text
    assert [s.start for s in top[1:]] == [s.end for s in top[:-1]]
    for index, segment in enumerate(found):
        assert segment.start < segment.end <= len(text)
        if segment.parent is not None:
            parent = found[segment.parent]
            assert segment.parent < index
            assert parent.start <= segment.start
            assert segment.end <= parent.end
            assert parent.voice != MARKUP
    assert [s.start for s in found] == sorted(s.start for s in found)


@settings(max_examples=100, deadline=None)
@given(texts)
def test_siblings_do_not_overlap(text):
    found = segments(text)
    last: dict[int | None, int] = {}
    for segment in found:
        assert segment.start >= last.get(segment.parent, 0)
        last[segment.parent] = segment.end


@settings(max_examples=100, deadline=None)
@given(texts | anything)
def test_sentences_tile_the_text(text):
    spans = sentence_spans(text)
    assert "".join(text[start:end] for start, end in spans) == text
    assert all(start < end for start, end in spans)


@settings(max_examples=100, deadline=None)
@given(texts)
def test_the_detected_form_is_the_one_that_is_read(text):
    assert segments(text) == segments(text, form=detect_form(text))


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.sampled_from(("One two.", "Three, four!", "Five?", "Six seven eight.")), min_size=1, max_size=60
    )
)
def test_long_paragraphs_are_cut_between_sentences_only(sentences):
    text = " ".join(sentences)
    pieces = segments(text, longest=30)
    assert all(piece.end - piece.start <= 30 for piece in pieces)
    assert all(text[piece.start : piece.end].rstrip()[-1] in ".!?" for piece in pieces)
    assert all(a.end - a.start + b.end - b.start > 30 for a, b in pairwise(pieces)), (
        "two neighbours would have fitted into one"
    )


REPEATED = (
    *(
        "a",
        " ",
        "\n",
        "\r\n",
        "\n ",
        ".",
        "“",
        "”",
        "“a",
        "“a” ",
        "‘a ",
        "‘",
        " 'a",
        '"',
        '" ',
        ' "a',
        "«",
        "—",
        "\n—A. ",
    ),
    *(
        ">",
        "> a\n",
        ">\n\n",
        "> “a\n“b\n",
        "A: ",
        "\nAda: a.\nBen: b.",
        "Human: a\nAI: b\n\n",
        "\n\nADA",
        "<|",
        "<|im_start|>user\n",
        "[INST]",
        "\\",
        '\\"',
    ),
    *(
        "said ",
        "Tom ",
        "the old ",
        "“A,” said Tom. ",
        "“A.\n\n",
        "Bob wrote:\n",
        "On 1 May, B wrote:\nx",
        "\n(",
        "Dr. ",
    ),
    *("the ", "“a” the ", "Mr. “", ").", "\na\n", "USER: ASSISTANT: ", "\ud800", "A. B. "),
)


@pytest.mark.parametrize("unit", REPEATED, ids=repr)
def test_a_long_line_of_anything_is_read_in_linear_time(unit):
    """At this size quadratic work would take hours."""
    text = unit * (100_000 // len(unit))
    assert sum(s.end - s.start for s in segments(text) if s.parent is None) == len(text)


@pytest.mark.parametrize(
    "prefix", ['[{"role":', '{"role": "user", "content": "', '[{"from":""', "\n\n“", "Human: "]
)
@pytest.mark.parametrize(
    "unit", ['"', '\\"', "{", '{"', '"a" ', '{"content":', "\\", "’", "said Tom "], ids=repr
)
def test_a_long_broken_line_after_any_beginning_is_read_in_linear_time(prefix, unit):
    text = prefix + unit * (60_000 // len(unit))
    assert sum(s.end - s.start for s in segments(text) if s.parent is None) == len(text)


def calls(text: str) -> int:
    """How many functions are called, builtin ones too, to find the voices of a text."""
    count = 0

    def profile(frame, event, argument):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(profile)
    try:
        segments(text)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize(
    "unit",
    ["“A,” said Tom. ", "> a\n\nb\n\n", "\nAda: a “b” c.\nBen: b.", "‘a ", "Some words. ", "“" * 9 + "”" * 9],
)
def test_twice_the_text_is_twice_the_work(unit):
    segments(unit)
    once, twice = calls(unit * 500), calls(unit * 1000)
    assert twice <= 2.2 * once


def test_a_megabyte_on_one_line_without_a_sentence_stays_whole():
    text = "x" * 1_000_000
    assert [(s.start, s.end, s.voice) for s in segments(text)] == [(0, len(text), "narrator")]


def test_documents_get_their_voices_once():
    document = Document("a", "“Go,” said Ann.")
    voiced = with_voices(document)
    assert voiced.segments == segments(document.text)
    assert document.segments is None
    known = Document("b", document.text, segments=())
    assert with_voices(known) is known


def test_an_unknown_form_and_an_empty_length_are_refused():
    with pytest.raises(UsageError, match="poem"):
        segments("a", form="poem")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="0"):
        segments("a", longest=0)
