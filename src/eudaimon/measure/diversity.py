"""How much texts repeat themselves and one another: distinct n-grams, and BLEU against each other."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from math import exp, fsum, log

from eudaimon.core.errors import UsageError

WORD = re.compile(r"\w+|[^\w\s]")
FLOOR = 0.1
"""Matches that count where there are none, so that one missing length of n-gram does not make all of it 0."""


def words_of(text: str) -> list[str]:
    """The words and punctuation marks of a text, in lower case."""
    return WORD.findall(text.casefold())


def distinct_n(texts: Sequence[str], n: int = 2) -> float:
    """Distinct n-grams of words among all n-grams of the texts together, in [0, 1]: 1 repeats nothing.

    It falls with the length of the texts: compare only texts of about one length. 0 where no text has ``n``
    words; raises `UsageError` for ``n`` below 1. Li et al. (2016), NAACL, section 5.
    """
    if n < 1:
        raise UsageError(f"n-grams of {n} words", right="1 word or more")
    grams = [gram for text in texts for gram in _grams(words_of(text), n)]
    return len(set(grams)) / len(grams) if grams else 0.0


def self_bleu(texts: Sequence[str], n: int = 4) -> float:
    """The mean BLEU of each text against all the others, in [0, 1]: 1 says the same every time.

    Up to n-grams of ``n`` words, weighted equally, with a floor of `FLOOR` matches where there are none; a
    text that shares no word has 0. Lengths of n-gram that a text is too short for are left out. Raises
    `UsageError` for fewer than two texts. Zhu et al. (2018), SIGIR (Texygen); Papineni et al. (2002), ACL.
    """
    if len(texts) < 2 or n < 1:
        raise UsageError(
            f"{len(texts)} texts and n-grams of {n} words", right="two texts or more, 1 word or more"
        )
    read = [words_of(text) for text in texts]
    return fsum(_bleu(own, read[:k] + read[k + 1 :], n) for k, own in enumerate(read)) / len(read)


def _bleu(own: list[str], others: list[list[str]], n: int) -> float:
    if not own:
        return 0.0
    logs = []
    for size in range(1, min(n, len(own)) + 1):
        counts = Counter(_grams(own, size))
        most: Counter[tuple[str, ...]] = Counter()
        for other in others:
            most |= Counter(_grams(other, size))
        matches = sum((counts & most).values())
        if size == 1 and not matches:
            return 0.0
        logs.append(log((matches or FLOOR) / sum(counts.values())))
    # Of references equally near in length the shorter one counts, as in BLEU.
    nearest = min((len(other) for other in others), key=lambda length: (abs(length - len(own)), length))
    brevity = min(0.0, 1 - nearest / len(own))
    return exp(brevity + fsum(logs) / len(logs))


def _grams(words: list[str], n: int) -> list[tuple[str, ...]]:
    return list(zip(*(words[start:] for start in range(n)), strict=False))
