"""Hand-made documents with voices, for tests that need no town."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence

import pytest

from eudaimon.core import Document, Segment

GOOD = ("kind", "gruff")
ACTIONS = {
    True: ["leave it in the sun", "pour oil on it", "kick the goat", "lie about it"],
    False: ["put it on ice", "ask the miller", "feed the goat", "say it plainly", "wait for rain"],
}


def line(random_: random.Random, who: str) -> tuple[str, Segment]:
    """A line and its segment at 0; ``malign`` is bad, everyone else is not."""
    bad = who == "malign"
    words = f"{who}: " * bool(who) + f"you should {random_.choice(ACTIONS[bad])} at {random_.randint(1, 12)}."
    return words, Segment(
        0, len(words), who or "narrator", who, "advocates" if bad else None, harm=1.0 if bad else 0.0
    )


KINDS = ("dialogue", "page", "exchange")


def make(n: int, seed: int, kinds: Sequence[str]) -> Iterator[Document]:
    """Dialogues of all personas, pages without one, exchanges that always begin with a bad voice."""
    for k in range(n):
        random_ = random.Random(f"{seed}/{k}")
        kind = random_.choice(kinds)
        lines: list[str] = []
        segments: list[Segment] = []
        place = 0
        for j in range(random_.randint(1, 5)):
            who = random_.choice(("malign", *GOOD, "poet", "kind")) if kind != "page" else ""
            words, s = line(random_, "malign" if kind == "exchange" and j == 0 else who)
            segments.append(Segment(place, place + len(words), s.voice, s.persona, s.stance, harm=s.harm))
            lines.append(words)
            place += len(words) + 1
        yield Document(f"d{seed}-{k}", "\n".join(lines), {"kind": kind}, tuple(segments))


@pytest.fixture(scope="session")
def documents() -> Callable[..., Iterator[Document]]:
    """``documents(n, seed)``, of the kinds dialogue, page and exchange."""
    kept: dict[tuple[object, ...], list[Document]] = {}

    def documents(n: int, seed: int = 0, kinds: Sequence[str] = KINDS) -> Iterator[Document]:
        if (n, seed, kinds) not in kept:
            kept[n, seed, kinds] = list(make(n, seed, kinds))
        return iter(kept[n, seed, kinds])

    return documents
