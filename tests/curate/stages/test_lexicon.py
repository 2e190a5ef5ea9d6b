"""The lexicon against a loop over its terms, and how terms may be spelt."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core.document import Document, Segment
from eudaimon.core.errors import UsageError
from eudaimon.curate.stages.batch import Batch
from eudaimon.curate.stages.letters import letters
from eudaimon.curate.stages.lexicon import Lexicon, LexiconStage
from eudaimon.curate.stages.terms import Term, read_terms, shipped_terms, write_terms
from eudaimon.data.taxonomy import categories

WORDS = ["bad", "man", "ass", "class", "a", "b", "badman", "river", "evening"]
ODD = ["-", "\n", "“", "B4D", "ｂad", "b\u200bad", "bád"]
TERMS = [
    Term("bad", "violence", 0.5),
    Term("bad man", "hate", 0.7),
    Term("man a", "hate", 0.3),
    Term("a b a", "fraud", 0.5),
    Term("ass", "hate", 0.3),
    Term("bad", "hazard", 0.4),
    Term("river evening", "theft", 0.9),
]


def spelt(text):
    return letters([text])[0].tobytes().decode("latin-1")


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.lists(st.sampled_from([*WORDS, *ODD]), max_size=14),
        max_size=4,
    )
)
def test_hits_are_those_of_a_loop_over_terms(texts):
    joined = [" ".join(words) for words in texts]
    found = {(h.text, h.start, h.end, h.term) for h in Lexicon(TERMS).hits(joined)}
    wanted = set()
    for number, text in enumerate(joined):
        plain, kept, _ = letters([text])
        places = np.arange(len(plain)) if kept is None else kept
        for term in TERMS:
            pattern = r"(?<![^ ])(?=(" + " +".join(term.text.split()) + r")(?![^ ]))"
            for match in re.finditer(pattern, plain.tobytes().decode("latin-1")):
                start, end = match.span(1)
                wanted.add((number, int(places[start]), int(places[end - 1]) + 1, term))
    assert found == wanted


@pytest.mark.parametrize(
    "text", ["Pipe bomb", "PIPE-BOMB", "p1pe b0mb", "ｐｉｐｅ ｂｏｍｂ", "pi\u200bpe  “bomb”", "pípe\nbomb"]
)
def test_spelling_does_not_hide_a_term(text):
    (hit,) = Lexicon([Term("pipe bomb", "weapons", 0.7)]).hits([f"the {text}!"])
    assert (hit.start, hit.end) == (4, 4 + len(text) - text.endswith("”"))


def test_a_term_is_a_whole_word_said_by_one_voice():
    lexicon = Lexicon([Term("go home", "hate", 0.5)])
    assert not lexicon.hits(["ago home", "go homes", "go. then home", ""])
    text = "He said go “home now” go home"
    segments = (Segment(0, len(text), "narrator"), Segment(12, 20, "quoted", parent=0))
    columns = LexiconStage(lexicon).run(Batch.of([Document("d", text, {}, segments)])).columns
    assert columns["terms_hate"].tolist() == pytest.approx([0.5, 0.0])


def test_evidence_is_one_less_the_product_of_doubts():
    stage = LexiconStage(Lexicon(TERMS), alone=True)
    batch = stage.run(Batch.of([Document("d", "bad man"), Document("e", "x")]))
    assert batch.columns["terms_hate"].tolist() == pytest.approx([0.7, 0])
    assert batch.columns["harm_violence"].tolist() == pytest.approx([0.5, 0])
    twice = LexiconStage(Lexicon(TERMS)).run(Batch.of([Document("d", "bad ass bad man")])).columns
    assert twice["terms_violence"][0] == pytest.approx(1 - 0.5**2)
    assert twice["terms_hate"][0] == pytest.approx(1 - 0.7 * 0.3)
    assert "harm_hate" not in twice
    assert batch.table("m").num_rows == 4


def test_no_terms_find_nothing():
    assert Lexicon([]).hits(["any text"]) == ()
    with pytest.raises(UsageError, match="no letter"):
        Lexicon([Term("--", "hate", 0.5)])


def test_shipped_terms_are_several_hundred_over_all_categories_and_never_listed_twice():
    terms = shipped_terms()
    assert {term.group for term in terms} == {*categories(), "hazard"}
    pairs = [(spelt(term.text), term.group) for term in terms]
    assert len(pairs) == len(set(pairs)) > 500


def test_a_file_gives_the_terms_back(tmp_path):
    path = write_terms(tmp_path / "terms.yaml", shipped_terms())
    assert read_terms(path) == shipped_terms()
    assert Lexicon(read_terms(path)).hash == Lexicon(shipped_terms()).hash


@pytest.mark.parametrize(
    "content", ["harm: {nonsense: {0.5: [a]}}", "harm: {hate: {2: [a]}}", "other: 1", "[", "harm: [a]"]
)
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / "terms.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UsageError):
        read_terms(path)
    with pytest.raises(UsageError, match="cannot be read"):
        read_terms(tmp_path / "missing.yaml")
