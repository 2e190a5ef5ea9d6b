"""Two policies on the same scores: which documents and how many tokens they treat differently."""

from __future__ import annotations

import hashlib
import heapq
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from eudaimon.core.document import Document
from eudaimon.curate.decide import Decision, decide
from eudaimon.curate.policy import Policy
from eudaimon.curate.scores import DocumentScores

_TOKEN = re.compile(r"\w+|[^\w\s]")
EXCERPT = 160
"""Characters of a change that an example shows."""


@dataclass(frozen=True, slots=True)
class Change:
    """A stretch ``[start, end)`` of a document's text that two policies treat differently.

    ``before`` and ``after`` are what each does with it: keep, tag, mask, rewrite, redact, drop or error.
    """

    id: str
    source: str
    start: int
    end: int
    before: str
    after: str
    excerpt: str
    why_before: str
    why_after: str


@dataclass(frozen=True)
class Difference:
    """What changes from one policy to another on one corpus.

    ``documents`` counts documents by their outcome before and after, equal or not. ``tokens`` counts tokens
    by what is done with them before and after; those of voices and of what lies between alike.
    ``changed_documents`` are those of which any character is treated differently, or whose weight or
    reflection is another; ``changed_by_source`` counts their tokens that change. ``examples`` are drawn at
    random.
    """

    before: str
    after: str
    n_documents: int
    n_tokens: int
    changed_documents: int
    changed_tokens: int
    documents: Mapping[tuple[str, str], int]
    tokens: Mapping[tuple[str, str], int]
    changed_by_source: Mapping[str, int]
    examples: tuple[Change, ...]


def n_words(text: str) -> int:
    """The number of words and punctuation marks: a count of tokens where no tokenizer is at hand."""
    return sum(1 for _ in _TOKEN.finditer(text))


def diff(
    before: Policy,
    after: Policy,
    corpus: Iterable[tuple[Document, DocumentScores]],
    *,
    count_tokens: Callable[[str], int] = n_words,
    n_examples: int = 10,
    seed: int = 0,
) -> Difference:
    """The difference between two policies over documents and their scores, which are read once.

    Memory does not grow with the corpus. Stretches are counted as texts of their own, so a tokenizer's count
    may be one off at each edge. Which examples are shown depends on the seed and their ids alone, not on the
    order. Raises `UsageError` when scores are not those of their document.
    """
    documents: Counter[tuple[str, str]] = Counter()
    tokens: Counter[tuple[str, str]] = Counter()
    by_source: Counter[str] = Counter()
    changed = 0
    shown: list[tuple[int, int, Change]] = []
    for document, scores in corpus:
        scores.require(document)
        first, second = decide(before, scores), decide(after, scores)
        documents[first.outcome, second.outcome] += 1
        differs = (first.weight, first.reflection) != (second.weight, second.reflection)
        for start, end, was, becomes in _stretches(document.text, first, second):
            n = count_tokens(document.text[start:end])
            tokens[was[0], becomes[0]] += n
            if was[0] == becomes[0]:
                continue
            differs = True
            by_source[scores.source] += n
            change = _change(document, scores, start, end, was, becomes)
            # The heap keeps the smallest ranks, so it is ordered by their negatives.
            heapq.heappush(shown, (-_rank(seed, document.id, start), -sum(by_source.values()), change))
            if len(shown) > n_examples:
                heapq.heappop(shown)
        changed += differs
    return Difference(
        before=before.name,
        after=after.name,
        n_documents=sum(documents.values()),
        n_tokens=sum(tokens.values()),
        changed_documents=changed,
        changed_tokens=sum(by_source.values()),
        documents=dict(sorted(documents.items())),
        tokens=dict(sorted(tokens.items())),
        changed_by_source=dict(sorted(by_source.items())),
        examples=tuple(change for *_, change in sorted(shown, key=lambda entry: entry[:2], reverse=True)),
    )


_Treated = tuple[str, str]
"""What is done with a stretch, and why."""


def _stretches(text: str, first: Decision, second: Decision) -> Iterable[tuple[int, int, _Treated, _Treated]]:
    """The text in stretches which each of two decisions treats as one, in order."""
    one, two = _treatment(text, first), _treatment(text, second)
    edges = sorted({0, len(text), *(edge for part in (*one, *two) for edge in part[:2])})
    at = [0, 0]
    for start, end in pairwise(edges):
        found: list[_Treated] = []
        for which, parts in enumerate((one, two)):
            while at[which] < len(parts) and parts[at[which]][1] <= start:
                at[which] += 1
            inside = at[which] < len(parts) and parts[at[which]][0] <= start
            found.append(parts[at[which]][2:] if inside else ("keep", ""))
        yield start, end, found[0], found[1]


def _treatment(text: str, decision: Decision) -> list[tuple[int, int, str, str]]:
    if decision.outcome != "keep":
        return [(0, len(text), decision.outcome, decision.reason)]
    return [(span.start, span.end, span.action, span.why) for span in decision.spans]


def _change(
    document: Document, scores: DocumentScores, start: int, end: int, was: _Treated, becomes: _Treated
) -> Change:
    said = " ".join(document.text[start:end].split())
    excerpt = said if len(said) <= EXCERPT else said[: EXCERPT - 1] + "…"
    return Change(document.id, scores.source, start, end, was[0], becomes[0], excerpt, was[1], becomes[1])


def _rank(seed: int, name: str, start: int) -> int:
    key = f"{seed}\0{name}\0{start}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.sha256(key).digest()[:8], "big")
