"""Prose: who is quoted in it, and in whom."""

from __future__ import annotations

import pytest

from eudaimon.curate import NARRATOR, QUOTED, segments, sentence_spans


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("“Go,” said Tom.", [("Tom", "Go,")]),
        ("“Go,” said Mr. de Winter, coldly.", [("Mr. de Winter", "Go,")]),
        ("“Go,” Tom replied.", [("Tom", "Go,")]),
        ("“Go!” cried the old man with a stick.", [("old man", "Go!")]),
        ("“Go!” his mother said.", [("his mother", "Go!")]),
        ("“Go!” said the captain gravely.", [("captain", "Go!")]),
        ("“Go,” he said.", [("", "Go,")]),
        ("“Go,” said she.", [("", "Go,")]),
        ("“Go,” said the other.", [("", "Go,")]),
        ("“Go.” Then he left.", [("", "Go.")]),
        ("Ann said, “Go.”", [("Ann", "Go.")]),
        ("Ann turned to Ben and said: “Go.”", [("Ann", "Go.")]),
        ("According to Gibbon, “nothing lasts.”", [("Gibbon", "nothing lasts.")]),
        ("“Nothing lasts.” —Edward Gibbon", [("Edward Gibbon", "Nothing lasts.")]),
        ("Ann said:\n\n“Go.”", [("Ann", "Go.")]),
        ("“Go,” said Tom. “Go now.”", [("Tom", "Go,"), ("Tom", "Go now.")]),
        ("“Go.” He rose. “Now,” said Tom.", [("Tom", "Go."), ("Tom", "Now,")]),
        ("“Go,” said Tom.\n\n“No.”", [("Tom", "Go,"), ("", "No.")]),
        ("The so-called “war” was lost, said Tom.", [("", "war")]),
        ('"Go," said Tom. "I won\'t," he said.', [("Tom", "Go,"), ("", "I won't,")]),
        ("'Go, don't wait,' said Tom.", [("Tom", "Go, don't wait,")]),
        ("‘Go, don’t wait,’ said Tom.", [("Tom", "Go, don’t wait,")]),
        ("‘The boys’ hats,’ said Tom.", [("Tom", "The boys’ hats,")]),
        ("«Va», dit Paul. « Non », répondit Anne.", [("Paul", "Va"), ("Anne", "Non")]),
        ("„Geh“, sagte Anna. »Nein«, rief Otto.", [("Anna", "Geh"), ("Otto", "Nein")]),
        ("彼は「はい」と言った。", [("", "はい")]),
        ("— Bonjour, dit Paul en riant.", [("Paul", "Bonjour,")]),
        ("—Hola —dijo Juan—. Adiós.", [("Juan", "Hola"), ("Juan", "Adiós.")]),
        ("— Salut !\n\n— Va.", [("", "Salut !"), ("", "Va.")]),
    ],
)
def test_quotations_and_their_speakers(quoted, text, expected):
    assert quoted(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Don’t. The boys’ hats are ’twixt the dogs’ bowls.",
        "Don't. The boys' hats and rock 'n' roll, 'tis said.",
        'A 6" pipe and a 5\'10" man.',
        "A motto.\n\n—Mark Twain",
        "He wrote “ and forgot the rest.\n\nThen he slept.",
        "x >> 3 and 4 > 2",
        '“” "" ‘’ «»',
    ],
)
def test_what_is_no_quotation(quoted, text):
    assert quoted(text) == []


def test_a_quotation_goes_on_over_paragraphs_with_one_speaker(quoted):
    text = "“One.\n\n“Two.\n\n“Three,” said Ann.\n\nShe left."
    assert quoted(text) == [("Ann", "One."), ("Ann", "Two."), ("Ann", "Three,")]
    assert quoted("Ann said, “One.\n\n“Two.”") == [("Ann", "One."), ("Ann", "Two.")]


def test_a_text_that_breaks_off_within_a_quotation(quoted):
    assert quoted("Ann said, “Go, and then") == [("Ann", "Go, and then")]


def test_a_quotation_in_a_quotation_has_it_as_parent():
    text = "Ann said, “He told me, ‘She cried “Go!” and went,’ so I left.” Then Ben spoke."
    narrator, ann, he, she = segments(text)
    assert [s.parent for s in (narrator, ann, he, she)] == [None, 0, 1, 2]
    assert [s.voice for s in (narrator, ann, he, she)] == [NARRATOR, "Ann", QUOTED, QUOTED]
    assert text[he.start : he.end] == "She cried “Go!” and went,"
    assert text[she.start : she.end] == "Go!"


def test_a_stray_mark_spoils_its_own_line_only(quoted):
    text = 'A stray " mark.\nTom said, "Go."\nAnn said, "No."\n'
    assert quoted(text) == [("Tom", "Go."), ("Ann", "No.")]


def test_verse_is_quoted_over_its_lines(quoted):
    text = "Ann sang:\n\n“Row the boat,\nGently now.”\n"
    assert quoted(text) == [("Ann", "Row the boat,\nGently now.")]


def test_lines_cut_at_a_width_are_one_paragraph(quoted):
    text = 'Tom looked up and said, "You should\nnever go there." Then he\nslept.'
    assert quoted(text) == [("Tom", "You should\nnever go there.")]


def test_quotations_within_a_turn_have_the_turn_as_parent():
    text = "Human: Who said “I came”?\n\nAssistant: Caesar said, “I came.”"
    found = segments(text)
    inner = [(found[s.parent].voice, s.persona) for s in found if s.parent is not None]
    assert inner == [("user", ""), ("assistant", "Caesar")]


def test_escaped_marks_in_json(quoted):
    assert quoted(r'[{"role": "user", "content": "Tom said, \"Go.\" Then he left."}]') == [("Tom", "Go.")]


def test_block_quotes_belong_to_the_answer_below_and_nest():
    mail = "On Monday, Bob <b@x.org> wrote:\n> I hate goats.\n>> Do you?\n> I do."
    text = f"Hello.\n\n{mail}\n\nThat is sad.\n\nBye."
    found = segments(text)
    assert [(s.voice, s.parent, text[s.start : s.end]) for s in found] == [
        (NARRATOR, None, "Hello.\n\n"),
        (NARRATOR, None, f"{mail}\n\nThat is sad.\n\n"),
        ("Bob", 1, "I hate goats.\n>> Do you?\n> I do."),
        (QUOTED, 2, "Do you?"),
        (NARRATOR, None, "Bye."),
    ]


def test_a_block_quote_at_the_end_belongs_to_the_paragraph_above():
    text = "This is what he said.\n\n> Go away.\n"
    assert [(s.voice, s.parent) for s in segments(text)] == [(NARRATOR, None), (QUOTED, 0)]


def test_words_before_and_behind_a_name_within_a_paragraph(quoted):
    text = "Ann said “yes.”\nBob wrote:\n> He said “no.”\n\nWell."
    assert quoted(text) == [("Ann", "yes."), ("Bob", "He said “no.”"), ("", "no.")]
    assert quoted("alice wrote:\n\n> Go.\n\nI stay.") == [("alice", "Go.")]


def test_words_under_a_name_are_quoted_up_to_the_blank_line(quoted):
    assert quoted("alice wrote:\nI like goats.\n\nI do not.") == [("alice", "I like goats.")]


def test_a_long_quotation_is_cut_with_the_paragraph_that_holds_it():
    text = "Ann said, “" + "One more thing. " * 200 + "Enough.” She sat down."
    found = segments(text)
    top = [s for s in found if s.parent is None]
    inner = [s for s in found if s.parent is not None]
    assert len(top) == len(inner) > 2
    assert {s.persona for s in inner} == {"Ann"}
    assert max(s.end - s.start for s in found) <= 1000


def test_a_paragraph_is_cut_outside_of_what_it_quotes():
    text = "He stood. She sat. “Go now. Go far. Go on.” They left. All was still."
    tops = [text[s.start : s.end] for s in segments(text, longest=40) if s.parent is None]
    assert tops == ["He stood. She sat. ", "“Go now. Go far. Go on.” They left. ", "All was still."]


def test_sentences_end_after_their_marks_and_not_after_abbreviations():
    text = "Dr. A. Smith, i.e. Ann, left (at last!). “Why?” he asked. Fig. 3 is … Yes.\n\nNo end\n\nつ。ぎ。"
    assert [text[start:end].strip() for start, end in sentence_spans(text)] == [
        "Dr. A. Smith, i.e. Ann, left (at last!).",
        "“Why?” he asked.",
        "Fig. 3 is …",
        "Yes.",
        "No end",
        "つ。",
        "ぎ。",
    ]
