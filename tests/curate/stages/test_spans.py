"""The segments of a batch are those of its documents, however they are found."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

from eudaimon.core.document import Document, Segment
from eudaimon.curate import segments
from eudaimon.curate.stages import spans as module
from eudaimon.curate.stages.spans import Names, spans_of

TEXTS = (
    "Ann came in. “Go,” said Ann.\n\n“Why?” asked Ben. “I like it here,” he said.",
    "Human: What is it?\n\nAssistant: “A door,” said the king.",
    "",
    "— Bonjour, dit Jean.\n\n— Salut.",
    "Ann wrote:\n> why?\n\nno",
    "One. " * 300,
)


with_numba = pytest.mark.skipif(find_spec("numba") is None, reason="numba is not installed")


@pytest.fixture
def documents():
    given = Document("given", "a bad word", {}, (Segment(0, 10, "Zed", "Zed"), Segment(2, 5, "b", parent=0)))
    return [*(Document(str(k), text) for k, text in enumerate(TEXTS)), given, Document("last", TEXTS[0])]


@with_numba
def test_loops_and_patterns_give_the_same_spans(documents, monkeypatch):
    calls = []
    arrays = module.voice_arrays
    monkeypatch.setattr(module, "_MANY", 0)
    monkeypatch.setattr(module, "voice_arrays", lambda texts: None)
    want = spans_of(documents)
    monkeypatch.setattr(module, "voice_arrays", lambda texts: calls.append(len(texts)) or arrays(texts))
    found = spans_of(documents)
    assert calls == [len(documents)]
    assert found.texts == want.texts
    for column in ("first", "start", "end", "parent"):
        assert getattr(found, column).tolist() == getattr(want, column).tolist()
        assert getattr(found, column).dtype == getattr(want, column).dtype
    for column in ("voice", "persona", "subject"):
        assert getattr(found, column).values == getattr(want, column).values
        assert getattr(found, column).codes.tolist() == getattr(want, column).codes.tolist()
        assert getattr(found, column).codes.dtype == getattr(want, column).codes.dtype
    for number, document in enumerate(documents):
        here = slice(found.first[number], found.first[number + 1])
        of_document = segments(document.text) if document.segments is None else document.segments
        assert [found.voice[row] for row in range(here.start, here.stop)] == [s.voice for s in of_document]


@with_numba
def test_what_a_segmenter_raises_is_the_documents_error(documents, monkeypatch):
    def broken(text):
        raise RuntimeError("no voices today")

    monkeypatch.setattr(module, "_MANY", 0)
    monkeypatch.setattr(module, "segment_rows", broken)
    found = spans_of(documents[:5])
    assert set(found.errors) == {3, 4}, "only what is left to patterns"
    assert all("no voices today" in error for error in found.errors.values())
    assert spans_of(documents[:1], broken).errors == {0: "voices: RuntimeError: no voices today"}


@pytest.mark.parametrize(("loaded", "many", "asked"), [(True, 10**9, 1), (False, 10**9, 0), (False, 0, 1)])
def test_loops_are_loaded_for_large_batches_only(documents, monkeypatch, loaded, many, asked):
    calls = []
    monkeypatch.setattr(module, "voice_arrays", lambda texts: calls.append(texts))
    monkeypatch.setattr(module, "are_loaded", lambda: loaded)
    monkeypatch.setattr(module, "_MANY", many)
    assert len(spans_of(documents)) > 0
    assert len(calls) == asked


def test_names_as_found_are_those_that_names_of_gives():
    words = ["b", "a", "b", "c", "a"]
    names = Names(np.array([2, 4, 2, 0, 4], dtype=np.int32), ("c", "unused", "b", "d", "a"))
    plain = names.as_found()
    assert plain.values == Names.of(words).values
    assert plain.codes.tolist() == Names.of(words).codes.tolist()
    assert Names.of([]).as_found().values == ()
