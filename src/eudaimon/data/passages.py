"""The packaged gold set: passages written by hand, with every voice's span and labels."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from eudaimon.core.document import Document, Segment
from eudaimon.data.library import read_packaged
from eudaimon.data.traits import TRAITS, WORST

GOLD = "gold_passages"


@dataclass(frozen=True, slots=True)
class SegmentLabel:
    """What a segment says beyond its stance: harm category (None: no harm), severity 0-5, traits in [-2, 2].

    The severity is that of the harm spoken of, whatever the voice does with it: an account of a massacre
    and a call for one have the same severity and differ in stance. Traits that are not named are 0.
    """

    category: str | None
    severity: int
    traits: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Passage:
    """A document with its segments, one `SegmentLabel` for each of them, and what kind of text it is.

    A segment's ``harm`` is its severity over 5. ``pair`` names passages that share a sentence or a situation,
    and is empty for the others; ``identity`` names the groups of people that are spoken of, in any tone.
    ``note`` says why a hard case is labelled as it is.
    """

    document: Document
    labels: tuple[SegmentLabel, ...]
    genre: str
    form: str
    register: str
    pair: str = ""
    identity: tuple[str, ...] = ()
    note: str = ""


@cache
def gold_passages() -> tuple[Passage, ...]:
    """The passages of the packaged set ``gold_passages``, in file order: genre after genre.

    Raises `EudaimonError` when the file's bytes are not the card's.
    """
    lines = read_packaged(GOLD).decode("utf-8").split("\n")
    return tuple(passage(json.loads(line)) for line in lines if line)


def balance(passages: Iterable[Passage]) -> dict[str, dict[str, int]]:
    """How many passages or segments there are of each kind: the table on the set's card.

    Genre, form, register and identity count passages; the rest counts segments, in which a stance, frame or
    category that is missing is called ``none``.
    """
    counts: dict[str, Counter[str]] = {
        name: Counter()
        for name in (
            "genre",
            "form",
            "register",
            "identity",
            "stance",
            "frame",
            "category",
            "severity",
            "subject",
        )
    }
    for each in passages:
        counts["genre"][each.genre] += 1
        counts["form"][each.form] += 1
        counts["register"][each.register] += 1
        counts["identity"].update(each.identity)
        for segment, label in zip(each.document.segments or (), each.labels, strict=True):
            counts["stance"][segment.stance or "none"] += 1
            counts["frame"][segment.frame or "none"] += 1
            counts["category"][label.category or "none"] += 1
            counts["severity"][str(label.severity)] += 1
            counts["subject"][segment.subject] += 1
    return {name: dict(sorted(found.items())) for name, found in counts.items()}


def passage(row: Mapping[str, Any]) -> Passage:
    """One row of the data file as a passage; raises `ValueError` for spans outside its text."""
    about = row["metadata"]
    segments, labels = [], []
    for given in row["segments"]:
        traits: dict[str, int] = {trait: given["traits"].get(trait, 0) for trait in TRAITS}
        labels.append(SegmentLabel(given["category"], given["severity"], traits))
        fields = {key: value for key, value in given.items() if key not in ("category", "severity", "traits")}
        segments.append(Segment(**fields, harm=given["severity"] / WORST))
    strata = {"source": GOLD, "genre": about["genre"], "register": about["register"]}
    return Passage(
        Document(row["id"], row["text"], strata, tuple(segments)),
        tuple(labels),
        about["genre"],
        about["form"],
        about["register"],
        about["pair"],
        tuple(about["identity"]),
        about["note"],
    )
