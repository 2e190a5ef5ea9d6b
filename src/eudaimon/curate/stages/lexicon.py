"""Stage 1's lexicon: where terms stand in texts, all sought at once by Aho and Corasick's automaton."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from eudaimon.core.document import Document
from eudaimon.core.errors import UsageError
from eudaimon.core.identity import short_hash
from eudaimon.curate.score_table import HARM
from eudaimon.curate.stages.batch import Batch
from eudaimon.curate.stages.letters import RULES, letters
from eudaimon.curate.stages.sieve import Sieve
from eudaimon.curate.stages.spans import ranges, spans_of
from eudaimon.curate.stages.terms import HAZARD, Term, shipped_terms
from eudaimon.curate.stages.words import Words, words_of

TERMS = "terms_"
"""What the lexicon's columns of evidence begin with; a group follows."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A term in a text: its span ``[start, end)`` in code points, and which text that is."""

    text: int
    start: int
    end: int
    term: Term


@dataclass(frozen=True, eq=False)
class Found:
    """Terms in a batch: the number of each one's term, of its first word, and of its last."""

    term: Int[np.ndarray, " hits"]
    first: Int[np.ndarray, " hits"]
    last: Int[np.ndarray, " hits"]


class Lexicon:
    """Terms to be found as whole words, however they are written.

    Case, accents, width, invisible letters, digits for letters, and what stands between the words of a term
    make no difference (`eudaimon.curate.stages.letters`). Raises `UsageError` for a term without a letter,
    and where pyahocorasick is missing.
    """

    def __init__(self, terms: Sequence[Term]) -> None:
        self.terms = tuple(terms)
        spelt = ["".join(chr(c) for c in letters([term.text])[0].tolist()).split() for term in self.terms]
        if empty := [term.text for term, words in zip(self.terms, spelt, strict=True) if not words]:
            raise UsageError(f"the term {empty[0]!r} has no letter", right="words")
        self._spelt = [" ".join(words) for words in spelt]
        self._lengths = np.array([len(words) for words in spelt], dtype=np.int64)
        # Made now: a package that is missing must not become the error of every document.
        self._automaton = _automaton(self._spelt)
        self.hash = short_hash(["lexicon", RULES, [list(term) for term in self.terms]])

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """The groups that the terms belong to, in order."""
        return tuple(dict.fromkeys(term.group for term in self.terms))

    @cached_property
    def _weighed(self) -> tuple[Float[np.ndarray, " terms"], Int[np.ndarray, " terms"]]:
        """The weight of each term, less than 1, and the number of its group."""
        numbers = {group: k for k, group in enumerate(self.groups)}
        weights = np.array([min(term.weight, 0.999) for term in self.terms])
        return weights, np.array([numbers[term.group] for term in self.terms], dtype=np.int64)

    @cached_property
    def _sieve(self) -> Sieve:
        """What the terms cannot be without."""
        return Sieve([spelt.split() for spelt in self._spelt], _hashes(" ".join(self._spelt).split()))

    def find(self, words: Words) -> Found:
        """All terms in the words of a batch, in the order of their ends; one voice says a whole term."""
        if not self.terms:
            return Found(*(np.zeros(0, dtype=np.int64) for _ in range(3)))
        chosen = self._sieve.near(words)
        sizes = words.stop[chosen] - words.begin[chosen] + 1
        string = words.letters[ranges(words.begin[chosen], words.stop[chosen] + 1)]
        pairs = [
            (end, number)
            for end, numbers in self._automaton.iter(" " + string.tobytes().decode("latin-1"))
            for number in numbers
        ]
        at = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        last = np.searchsorted(np.cumsum(sizes), at[:, 0])
        length = self._lengths[at[:, 1]]
        first = last - length + 1
        # Words that stand together here may have been apart in the text, or said by two voices.
        begin, end = chosen[first], chosen[last]
        owner = words.owner[chosen]
        turns = np.concatenate([[0], np.cumsum(owner[1:] != owner[:-1])])
        good = (end - begin == length - 1) & (turns[first] == turns[last]) & (owner[first] >= 0)
        return Found(at[good, 1], begin[good], end[good])

    def hits(self, texts: Sequence[str]) -> tuple[Hit, ...]:
        """Where the terms stand in each of the texts, taken as one voice each."""
        from eudaimon.core.document import Segment

        documents = [Document("", text, {}, (Segment(0, len(text), ""),)) for text in texts]
        words = words_of(spans_of(documents))
        found = self.find(words)
        text = words.owner[found.first]
        start = words.starts[found.first] - words.begins[text]
        end = words.ends[found.last] - words.begins[text]
        places = np.stack([text, start, end, found.term], axis=1).tolist()
        return tuple(Hit(number, low, high, self.terms[term]) for number, low, high, term in places)

    def evidence(self, words: Words, rows: int) -> dict[str, Float[np.ndarray, " rows"]]:
        """For each group the belief in [0, 1] that a row speaks of it: 1 less the product of the doubts."""
        found = self.find(words)
        owner = words.owner[found.first]
        weights, group = (each[found.term] for each in self._weighed)
        doubts = np.zeros(len(self.groups) * rows)
        places = group * rows + owner
        np.add.at(doubts, places, np.log1p(-weights))
        believed = np.zeros_like(doubts)
        believed[places] = -np.expm1(doubts[places])  # Most rows have no term.
        return dict(zip(self.groups, believed.reshape(len(self.groups), rows), strict=True))


class LexiconStage:
    """The lexicon as a `Stage`: fills ``terms_<group>`` with `Lexicon.evidence` for later stages.

    ``alone`` makes that the score too, of ``harm_<category>`` and ``hazard``: nothing is then known of
    severity and stance.
    """

    name = "lexicon"
    number = 1

    def __init__(self, lexicon: Lexicon | None = None, *, alone: bool = False) -> None:
        self.lexicon = Lexicon(shipped_terms()) if lexicon is None else lexicon
        self.alone = alone
        self.hash = short_hash(["lexicon", self.lexicon.hash, alone])

    def run(self, batch: Batch) -> Batch:
        """The batch with what the terms say of each row."""
        rows = len(batch.spans)
        evidence = self.lexicon.evidence(words_of(batch.spans), rows)
        columns: dict[str, np.ndarray] = {TERMS + group: values for group, values in evidence.items()}
        if self.alone:
            scores = {
                (HAZARD if group == HAZARD else HARM + group): np.round(values, 3)
                for group, values in evidence.items()
            }
            columns = {**columns, **scores, "stage": np.full(rows, self.number, dtype=np.int32)}
        return batch.having(columns)


def _automaton(spelt: Sequence[str]) -> Any:
    try:
        import ahocorasick
    except ModuleNotFoundError as error:
        raise UsageError(
            "a lexicon needs pyahocorasick", right="the package", do="pip install 'eudaimon[curate]'"
        ) from error
    automaton = ahocorasick.Automaton()
    same: dict[str, list[int]] = {}
    for number, words in enumerate(spelt):
        same.setdefault(f" {words} ", []).append(number)
    for key, numbers in same.items():
        automaton.add_word(key, tuple(numbers))
    automaton.make_automaton()
    return automaton


def _hashes(words: Sequence[str]) -> dict[str, np.uint64]:
    unique = list(dict.fromkeys(words))
    return dict(zip(unique, words_of(spans_of([Document("", " ".join(unique), {}, ())])).hash, strict=True))
