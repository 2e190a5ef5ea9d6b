"""What the compiled loops find is what the patterns find, text by text."""

from __future__ import annotations

import random
import re
import unicodedata

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from eudaimon.curate.voices import speakers
from eudaimon.curate.voices.compiled import batch, word_table
from eudaimon.curate.voices.compiled.characters import (
    ALPHA,
    DIGIT,
    LOWER,
    SPACE,
    TITLE,
    UPPER,
    WORD,
    character_kinds,
    is_kind,
)
from eudaimon.curate.voices.compiled.forms import MOST, made_forms_of
from eudaimon.curate.voices.compiled.voices import made_voice_rows
from eudaimon.curate.voices.find import segment_rows
from eudaimon.curate.voices.words import words

pytest.importorskip("numba")

MARKS = (*"“”“”‘’\"'«»„‟‹›「」『\\",)
ENDS = (".", ",", "!", "?", "…", ":", ";", "—", "–", "-", "。", "！", "）", ")", "]", "*", "_", "", "")
SPACES = (" ", " ", " ", " ", "\n", "\n\n", "\n\n", "\r\n", "\t", "  ", "\n \n", "\u2028", "\xa0", "")
NAMES = (
    *("Ann", "ANN", "Mr. Hyde", "Dr Jekyll", "the old man", "The others", "a", "M. de Blacas", "J. R. Smith"),
    *(
        "Jean le Bon of the Hill",
        "O’Brien",
        "Mary-Ann’",
        "Éva",
        "Ωmega",
        "I",
        "he",
        "She",
        "-il",
        "Van",
        "then",
    ),
    *(
        "Tom Brown",
        "another",
        "his two sons",
        "Professor",
        "St. Ives",
        "ǅon",
        "the",
        "no",
        "Notes",
        "human",
        "User",
    ),
)
VERBS = (
    *(
        "said",
        "says",
        "cried out",
        "cried",
        "put in",
        "s’écria",
        "dit",
        "tells us",
        "wrote",
        "replied quickly",
    ),
    *(
        "turned and said",
        "then asked",
        "at last said",
        "once more added",
        "according to",
        "As",
        "once put it",
    ),
    *(
        "had once answered",
        "puts it",
        "wrote:",
        "posted by",
        "quote from",
        "said, and then",
        "smiled but said",
    ),
)
WORDS = (
    *(
        "leave",
        "it",
        "there",
        "word",
        "etc",
        "e.g",
        "i.e",
        "Mr",
        "approx",
        "7",
        "12:30",
        "[12:30]",
        "(aside)",
    ),
    *(
        "ß",
        "日本",
        "\ud800",
        "\udfff",
        "\x00",
        "😀",
        "İ",
        "ﬀ",
        "٣",
        "x" * 70,
        "no",
        "Yes",
        "Chapter II",
        "to",
        "the",
    ),
)
FORMS = (
    *(
        "Human: ",
        "\n\nAssistant: ",
        "USER: ",
        " ASSISTANT: ",
        "Ada: ",
        "\nBen: ",
        "\nAda: ",
        "\nHAMLET. ",
        "\n<ada> ",
    ),
    *(
        "\n\nADA\n\n",
        "\n\nBen\n\n",
        "\n(Exit.)\n",
        "<|im_start|>user\n",
        "<|im_end|>",
        "[INST]",
        "\n> ",
        "\n>> ",
    ),
    *(
        '[{"role": "user", ',
        '"content": "',
        '"}',
        "\nBob wrote:\n",
        "On Monday, Bob wrote:\n",
        "\n— ",
        "\n# ",
        "\n* ",
    ),
)
prose = st.lists(st.sampled_from((*MARKS, *ENDS, *SPACES, *SPACES, *NAMES, *VERBS, *WORDS)), max_size=60)
SAID = (SPACES, MARKS, WORDS, ENDS, MARKS, SPACES, VERBS + NAMES, SPACES, NAMES + VERBS, ENDS)
told = st.lists(
    st.tuples(*(st.sampled_from(part) for part in SAID)),
    max_size=8,
).map(lambda rows: [piece for row in rows for piece in row])
mixed = st.lists(
    st.sampled_from((*MARKS, *ENDS, *SPACES, *NAMES, *VERBS, *WORDS, *FORMS, *FORMS)), max_size=40
)
texts = (prose | told | mixed).map("".join)


def rows_of(text: str, longest: int) -> list[tuple] | None:
    """The rows of one text by the loops, None where they leave it to the patterns."""
    found = batch.voice_arrays([text], longest=longest)
    if found.left.size:
        return None
    columns = [found.start, found.end, found.voice, found.persona, found.parent, found.subject]
    rows = zip(*(column.tolist() for column in columns), strict=True)
    s = found.strings
    return [(a, b, s[v], s[p], None if up < 0 else up, s[what]) for a, b, v, p, up, what in rows]


@settings(max_examples=100, deadline=None)
@given(
    text=texts | st.text(st.characters(exclude_categories=()), max_size=60),
    longest=st.sampled_from((7, 40, 1000)),
)
@example(text="“Go,” said the other. “Stay,” he then said. ‘It’s,’ Ann’ and said, “no.”", longest=1000)
@example(text="Ann turned, looked, and then said:\n\n“Yes.\n\n“No,” said Mr. Hyde.", longest=1000)
@example(text="“a" * 30 + "”" * 30 + "\n\n'Tis 'so.' «x» „y“ 「z」", longest=7)
@example(text="As Ann once put it, “a” (according to Ben) “b” — Carl, said the old man: “c”", longest=1000)
def test_loops_find_what_patterns_find(text, longest):
    found = rows_of(text, longest)
    assert found is None or found == segment_rows(text, longest=longest)


def test_nothing_is_left_to_patterns_that_loops_can_read():
    for text in (
        "",
        "One. Two.",
        "“Go,” said Ann.",
        "Note: this.\n\nHe said:\n\n“Go.”",
        "Human: a\n\nAssistant: “b”",
    ):
        assert rows_of(text, 1000) == segment_rows(text)
    for text in ("— Bonjour, dit-il.", "> a\n\nb", "Ann wrote:\nyes"):
        assert rows_of(text, 1000) is None


def random_text(draw: random.Random) -> str:
    """A text of pieces at random, of clauses that lead to speech and from it, or of forms that meet."""
    kind = draw.randrange(3)
    if kind == 0:
        pieces = [draw.choice(part) for _ in range(draw.randrange(8)) for part in SAID]
    elif kind == 1:
        pieces = draw.choices((*MARKS, *ENDS, *SPACES, *NAMES, *VERBS, *WORDS, *FORMS), k=draw.randrange(60))
    else:
        words = (*NAMES, *VERBS, *WORDS, "and", "then", "but", "looked", "up", "of", "quickly")
        pieces = []
        for _ in range(draw.randrange(1, 6)):
            pieces += [word + " " for word in draw.choices(words, k=draw.randrange(7))]
            pieces += [
                draw.choice((", ", ": ", "\n\n", ". ", ", \n", "—", "")),
                "“",
                draw.choice(("Go,", "Yes. No.")),
            ]
            pieces += ["”", draw.choice((" ", ", ", "—", "\n", " — ", ""))]
    return "".join(pieces)


@pytest.mark.parametrize("longest", [30, 1000])
def test_a_batch_has_the_rows_of_its_texts(longest):
    draw = random.Random(longest)
    many = [random_text(draw) for _ in range(6000)]
    found = batch.voice_arrays(many, longest=longest)
    left = set(found.left.tolist())
    assert len(left) < 2000
    strings, n_named = found.strings, 0
    for number, text in enumerate(many):
        here = range(found.first[number], found.first[number + 1])
        want = [] if number in left else segment_rows(text, longest=longest)
        assert [(found.start[row], found.end[row]) for row in here] == [row[:2] for row in want]
        assert [strings[found.voice[row]] for row in here] == [row[2] for row in want]
        assert [strings[found.persona[row]] for row in here] == [row[3] for row in want]
        assert [found.parent[row] for row in here] == [-1 if row[4] is None else row[4] for row in want]
        n_named += sum(row[4] is not None and row[3] != "" for row in want)
    assert n_named > 1000, "texts of which nobody is named would show nothing"


def test_room_is_made_for_more_segments_than_expected():
    text = "“a” " * 3000
    assert rows_of(text, 1000) == segment_rows(text)


EDGES = (
    *("Ann said " + "x" * n + ", “Go.”" for n in range(54, 64)),
    *(
        f"“Go,” said {article} other. “No,” said {article} man."
        for article in ("the", "a", "an", "The", "A", "An")
    ),
    *("“" + "‘a’ " * n + "b,” she said. “Go,” said Ann." for n in range(10)),
    *("He left." + mark * n + " Then he ate. And he slept." for n in range(11) for mark in "”)'"),
    *("‘The boys’ house–’ he said. ‘No.’", "'The boys–' house.' he said. 'No.'", "'70s' he said.' 'A.'"),
    *("“Yes.\n\n(“No,” said Ben.)", "“Yes.\n\n((“No,” said Ben.)", "“Yes.\n\nNo.\n\n“So,” said Ben."),
    *("A talk.\nAda: One?\nBen: Two.", "Ada: One.\nBen: Two.", "A talk.\n\nAda: One?\nAda: Two."),
    *("HAMLET. To be.\nOPHELIA. No.\nHAMLET. Yes.\nOPHELIA. So.", "II. To be.\nIII. No.\nIV. So.\nV. A."),
    *(
        "One, e.g. two. Then i.e. three. No. 4 z.B. fünf. Approx. six.",
        "日本。「はい。」彼は。",
        "A… b. C?! D.",
    ),
)


@pytest.mark.parametrize("longest", [7, 30, 1000])
def test_edges_of_the_patterns_are_those_of_the_loops(longest):
    for text in EDGES:
        assert rows_of(text, longest) == segment_rows(text, longest=longest), text


def test_what_would_need_much_room_is_left_to_patterns():
    assert batch.voice_arrays(["“" * (MOST + 1), "\n" * (MOST + 1), "“" * MOST]).left.tolist() == [0, 1]


def test_long_lines_of_anything_are_read_in_linear_time():
    """At this size quadratic work would take minutes."""
    units = ("a", " ", "\n", "\r\n", "\n ", "“", "“a” ", "‘a ", " 'a", '" ', "«", "\n—A. ", "A: ", "\n\nADA")
    more = (
        "said ",
        "Tom ",
        "the old ",
        "“A,” said Tom. ",
        "“A.\n\n",
        "Dr. ",
        "Mr. “",
        "A. B. ",
        "of the ",
        "1: ",
    )
    many = [unit * (99_000 // len(unit)) for unit in (*units, *more)]
    found = batch.voice_arrays(many)
    top = found.parent < 0
    owners = np.repeat(np.arange(len(many)), np.diff(found.first))
    covered = np.bincount(owners, weights=np.where(top, found.end - found.start, 0), minlength=len(many))
    read = np.setdiff1d(np.arange(len(many)), found.left)
    assert len(read) > 20
    assert covered[read].tolist() == [len(many[number]) for number in read]


def test_a_failing_pattern_leaves_its_text(monkeypatch):
    def fails(text):
        raise RuntimeError("broken")

    monkeypatch.setattr(batch, "turns_of", fails)
    assert batch.voice_arrays(["One.", "Human: a\n\nAssistant: b"]).left.tolist() == [1]


def test_without_numba_there_is_nothing(monkeypatch):
    monkeypatch.setattr(batch, "kernels", lambda: None)
    assert batch.voice_arrays(["One."]) is None


def test_characters_are_as_str_and_re_have_them():
    kinds = character_kinds()
    for point in range(0x110000):
        character = chr(point)
        bits = kinds[point] if point < len(kinds) else 0
        assert bool(bits & SPACE) == character.isspace()
        assert bool(bits & WORD) == (character.isalnum() or character == "_")
        assert bool(bits & ALPHA) == character.isalpha()
        assert bool(bits & LOWER) == character.islower()
        assert bool(bits & UPPER) == character.isupper()
        assert bool(bits & TITLE) == (unicodedata.category(character) == "Lt")
        assert bool(bits & DIGIT) == character.isdecimal()
    assert not is_kind(kinds, 0x10FFFF, 255)
    capital = re.compile(f"[{speakers.CAPITAL}]")
    assert all(bool(kinds[p] & 32) == bool(capital.match(chr(p))) for p in range(len(kinds)))


def test_a_word_that_loops_cannot_look_up_is_refused(monkeypatch):
    broken = words().model_copy(update={"titles": frozenset({"Right Honourable"})})
    monkeypatch.setattr(word_table, "words", lambda: broken)
    with pytest.raises(ValueError, match="Right Honourable"):
        word_table.tables.__wrapped__()


def test_a_changed_source_is_compiled_anew():
    for made in (made_forms_of, made_voice_rows):
        one, other = made("a"), made("b")
        assert one.__code__ is other.__code__
        assert [cell.cell_contents for cell in one.__closure__] == ["a"]
        assert [cell.cell_contents for cell in other.__closure__] == ["b"]
