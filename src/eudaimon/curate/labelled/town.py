"""The town's documents: every voice with the labels of whoever made it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from eudaimon.core.document import Document, Segment
from eudaimon.curate.labelled.segment import LabelledSegment, harmless
from eudaimon.curate.labelled.splits import fraction, split_of
from eudaimon.curate.taxonomy import Subject
from eudaimon.world.personas import persona
from eudaimon.world.world import World

SOURCE = "town"
N_DOCUMENTS = 1500
A_DOCUMENT = 3
SEVERITY = 3.0
WEIGHT = 1.0


def read_town(
    world: World | None = None, *, n_documents: int = N_DOCUMENTS, seed: int = 0
) -> Iterator[LabelledSegment]:
    """Three voices of each of the town's documents, with its oracle's labels; the document is the group.

    Harm is of category ``other`` and of severity 3 (`eudaimon.curate.labelled_scores`); what is harmless in
    the town has no harm and stance none. A quoted voice that is framed keeps the town's frame, and its own
    stance is None: the town calls it depicts, the taxonomy judges it as if nobody enclosed it. Who
    gives harmful advice has malice where the persona means harm; other traits are None. The town's language
    is small and repeats itself: how well it is read says little about other text.
    """
    for document in (world or World(seed=seed)).documents(n_documents):
        group = f"{SOURCE}/{document.id}"
        voices = list(document.segments or ())
        for each in sorted(voices, key=lambda v: fraction(f"{group}/{v.start}/{v.end}", seed))[:A_DOCUMENT]:
            yield _segment(document, each, voices, group)


def _segment(document: Document, each: Segment, voices: list[Segment], group: str) -> LabelledSegment:
    text = document.text
    outer = None if each.parent is None else voices[each.parent]
    harm = {"other": each.harm} if each.harm or each.stance else harmless()
    subject: Subject = "AI" if each.subject == "AI" else "human"
    framed = each.frame is not None and each.stance == "depicts"
    labels: dict[str, Any] = {"stance": None if framed else (each.stance or "none")}
    if each.stance == "condemns" and not each.harm:
        # It speaks of the harm that it condemns, and the town only counts harm that is wanted.
        harm = {}
    return LabelledSegment(
        text[each.start : each.end],
        SOURCE,
        group,
        split_of(group),
        before=text[: each.start],
        after=text[each.end :],
        voice=each.voice,
        frame_text="" if outer is None else text[outer.start : outer.end],
        harm=harm,
        severity=SEVERITY * each.harm if harm else None,
        frame=each.frame or "none",
        subject=subject,
        traits=_traits(each),
        kind=str(document.metadata["kind"]),
        weight=WEIGHT,
        **labels,
    )


def _traits(each: Segment) -> dict[str, float]:
    if not (each.persona and each.harm):
        return {}
    return {"malice": 1.0 if persona(each.persona).harmful else 0.0}
