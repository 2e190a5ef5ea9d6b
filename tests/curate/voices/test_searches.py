"""Searches that are cut short, against the whole patterns that they stand for."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.curate.voices import labels as of_labels
from eudaimon.curate.voices.quotations import tokens

TOKENS = re.compile(r"\n[^\S\n]*+\n\s*+|[“”„‟«»‹›「」『』]|\"|‘|'(?<![\w'’)]')(?=[^\W\d]|[“\"])")
PIECES = [
    *"\n\n\n\t .:：'\"“”‘’„«»「><[]()-—",
    *("word", "Ann", "ADA", "O’NEIL", "12:30 ", "<ada> ", "[10:01] ", "\r\n", "**Bob:** ", "HAMLET. To", "É"),
]
TEXT = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)


@settings(max_examples=200, deadline=None)
@given(TEXT, st.integers(0, 10), st.integers(0, 10))
def test_tokens_are_those_of_one_pattern_for_all(text, low, high):
    start, end = min(low, len(text)), max(0, len(text) - high)
    assert tokens(text, start, end) == [m.span() for m in TOKENS.finditer(text, start, end)]


@settings(max_examples=200, deadline=None)
@given(TEXT)
def test_labels_are_those_of_every_line(text):
    found = []
    for match in of_labels._LABEL.finditer("\n" + text):
        name = match["nick"] or match["name"] or match["capitals"]
        if not (match["capitals"] and of_labels.is_division(name)):
            found.append((match.start(), match.end() - 1, name))
    assert of_labels.labels(text) == found
