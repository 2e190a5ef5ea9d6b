"""Everything that is asked of a scorer under a policy, as rows of figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool
from numpy import ndarray

from eudaimon.core.score import Score
from eudaimon.curate.policy import Policy
from eudaimon.curate.quality.figures import (
    MEASURES,
    N_RESAMPLES,
    character_f1,
    escalated,
    measured,
    ranked,
    rows,
)
from eudaimon.curate.quality.items import Item, Part
from eudaimon.curate.quality.removal import Removal, own_characters, removal
from eudaimon.curate.scorer import Scorer

NEUTRAL = ("books", "textbooks", "chats")
"""Sets that stand for a corpus: what of them is escalated or removed is the price."""
DIALOGUES, COMMENTS = "dialogues", "comments"
ALL = "all"
PERFECT, PERFECT_SENTENCES = "perfect segments", "perfect sentences"
"""What would be had if every true label were read and whole segments, or whole sentences, went."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: of which scorer, on which set and kind of text, which measure; None where undefined."""

    scorer: str
    of: str
    kind: str
    measure: str
    score: Score | None
    n: int


GIVEN = " (voices given)"
"""Behind the name of a passage whose voices the scorer did not have to find."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """A part of a gold passage that a scorer leads the policy to judge wrongly; its text is not repeated."""

    scorer: str
    passage: str
    kind: str
    start: int
    end: int
    removed: bool
    """True: it was removed and ought to stay. False: the other way round."""


@dataclass(frozen=True, slots=True)
class Quality:
    """The figures of all scorers, their mistakes on the gold passages, and how many documents failed."""

    figures: tuple[Figure, ...]
    mistakes: tuple[Mistake, ...]
    failed: Mapping[str, int]


def evaluate(
    scorers: Mapping[str, Scorer],
    items: Sequence[Item],
    policy: Policy,
    *,
    seed: int = 0,
    n_resamples: int = N_RESAMPLES,
    show_progress: bool = True,
) -> Quality:
    """The quality of each scorer on the items under the policy.

    By set: precision, recall and F1 of what is removed, and over-removal; by kind of text (HateCheck's
    functionalities, genre and stance of gold passages, neutral text) the share removed; on comments the F1 of
    characters; on dialogues how well harm tells rejected turns from chosen ones; and the recall of bad parts
    when a tenth of the neutral sets' parts is escalated.
    """
    figures: list[Figure] = []
    mistakes: list[Mistake] = []
    failed: dict[str, int] = {}
    for name, scorer in scorers.items():
        done = removal(scorer, items, policy, show_progress=show_progress)
        figures += _figures(name, done, seed, n_resamples)
        mistakes += _mistakes(name, done)
        failed[name] = len(done.failed)
    return Quality(tuple(figures), tuple(mistakes), failed)


def _figures(name: str, done: Removal, seed: int, n_resamples: int) -> Iterator[Figure]:
    known = rows(done)
    neutral = known.where(_among(known.of, NEUTRAL))
    for of in dict.fromkeys(known.of):
        here = known.where(_among(known.of, (of,)))
        for measure in ("over-removal",) if of in NEUTRAL else MEASURES:
            yield Figure(name, of, ALL, measure, measured(here, measure, seed, n_resamples), len(here.bad))
        if (
            len(neutral.bad)
            and of not in NEUTRAL
            and here.bad.any()
            and not np.isnan(neutral.suspicion).all()
        ):
            recall = escalated(here, neutral, seed=seed, n_resamples=n_resamples)
            yield Figure(name, of, ALL, "recall at 10 % escalated", recall, int(here.bad.sum()))
    every = rows(done, truth=lambda part: True)
    for of in dict.fromkeys(every.of):
        here = every.where(_among(every.of, (of,)))
        for kind in sorted(set(here.kind)):
            some = here.where(_among(here.kind, (kind,)))
            share = measured(some, "recall", seed, n_resamples)
            yield Figure(name, of, kind, "share removed", share, len(some.bad))
    marked = character_f1(done, seed, n_resamples)
    if marked is not None:
        yield Figure(name, COMMENTS, ALL, "F1 of characters", marked, marked.n)
    turns = rows(done, truth=_rejected)
    turns = turns.where(_among(turns.of, (DIALOGUES,)))
    if len(turns.bad) and not np.isnan(turns.harm).any():
        auroc = ranked(turns, seed, n_resamples)
        yield Figure(name, DIALOGUES, ALL, "AUROC of harm, rejected against chosen", auroc, len(turns.bad))


def ceilings(items: Sequence[Item], seed: int = 0) -> tuple[Figure, ...]:
    """The F1 of characters on marked documents when whole parts go, each known truly: the most there is.

    Parts of comments are sentences; "perfect segments" are the paragraphs in which one is bad.
    """
    from eudaimon.curate.voices.find import segments

    found = []
    for name in (PERFECT, PERFECT_SENTENCES):
        marked, removed = [], []
        for item in items:
            if item.marked is None:
                continue
            length = len(item.document.text)
            goes = np.zeros(length, dtype=bool)
            for part in item.parts:
                if part.bad:
                    goes |= own_characters(part, length)
            if name == PERFECT:
                for each in segments(item.document.text):
                    goes[each.start : each.end] = goes[each.start : each.end].any()
            marked.append(item)
            removed.append(goes)
        if marked:
            perfect = Removal(tuple(marked), tuple(removed), np.zeros(0), np.zeros(0), ())
            score = character_f1(perfect, seed)
            found.append(Figure(name, COMMENTS, ALL, "F1 of characters", score, len(marked)))
    return tuple(found)


def _mistakes(name: str, done: Removal) -> Iterator[Mistake]:
    for number, item in enumerate(done.items):
        for part in item.parts:
            if not item.of.startswith("gold") or part.bad is None:
                continue
            gone = done.share(number, part) >= 0.5
            if gone != part.bad:
                of = item.document.id if item.of == "gold" else f"{item.document.id}{GIVEN}"
                yield Mistake(name, of, part.kind, part.start, part.end, gone)


def _rejected(part: Part) -> bool | None:
    return part.kind == "rejected" if part.kind in ("rejected", "chosen") else None


def _among(names: Sequence[str], chosen: Sequence[str]) -> Bool[ndarray, "rows"]:
    return np.array([name in chosen for name in names], dtype=bool)
