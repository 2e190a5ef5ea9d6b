"""The lexicon's automaton beside a loop over its terms, on the same texts."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from curate_documents import Made
from rounds import interleave, ratio, spread

from eudaimon.curate.stages.lexicon import Lexicon
from eudaimon.curate.stages.terms import shipped_terms

N_TERMS = 6000


def run(made: Sequence[Made], rounds: int) -> dict[str, Any]:
    """Documents per second of both, and how many times quicker ours is.

    The loop asks ``term in text`` of a text in lower case, which finds less than ours: no whole words, no
    other spelling. Terms are the shipped ones, filled up with pairs of words from the texts.
    """
    texts = [document.text for document in made]
    terms = list(shipped_terms())
    known = {term.text for term in terms}
    rng = random.Random(0)
    words = [word for text in texts for word in text.lower().split() if word.isalpha()]
    while len(terms) < N_TERMS:
        place = rng.randrange(len(words) - 1)
        text = f"{words[place]} {words[place + 1]}x"
        if text not in known:
            known.add(text)
            terms.append(terms[0]._replace(text=text))
    lexicon, spelt = Lexicon(terms[:N_TERMS]), [term.text.lower() for term in terms[:N_TERMS]]

    def loop() -> int:
        return sum(term in text for text in (text.lower() for text in texts) for term in spelt)

    times = interleave({"ours": lambda: lexicon.hits(texts), "loop": loop}, rounds)
    return {
        "terms": N_TERMS,
        "ratio": ratio(times["loop"], times["ours"]),
        "ours": spread([len(texts) / seconds for seconds in times["ours"]]),
        "loop": spread([len(texts) / seconds for seconds in times["loop"]]),
    }
