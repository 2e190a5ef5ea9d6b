"""Groups of people in sentences of ours: neutral, harmed, defended, despised (``identities.yaml``)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict

from eudaimon.core.document import Stance
from eudaimon.curate.labelled.segment import LabelledSegment, Split, harmless
from eudaimon.curate.labelled.splits import split_of
from eudaimon.curate.taxonomy import NoStance
from eudaimon.data.yaml_text import read_yaml

SOURCE = "identities"
CONTEMPT = 3.0
WEIGHT = 0.5

Sentences = dict[Split, tuple[str, ...]]


class Identities(BaseModel):
    """Groups of people, each with one of it, and sentences by the stance of whoever says them.

    Those of the splits ``calibration`` and ``test`` never train.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    people: dict[str, str]
    none: Sentences
    depicts: Sentences
    condemns: Sentences
    enacts: Sentences
    advocates: Sentences


@cache
def identities() -> Identities:
    """The packaged groups and sentences."""
    text = (files("eudaimon.curate.labelled") / "identities.yaml").read_text(encoding="utf-8")
    return Identities.model_validate(read_yaml(text))


def read_identities() -> Iterator[LabelledSegment]:
    """Every group in every sentence of its split, so that no group's name is a sign of harm by itself.

    Without such rows a scorer learns from comments, in which groups are mostly named in order to abuse them,
    that the name is the abuse. The group of people is the group, and comes in the sentences of its split
    only. Contempt and what is said about it have ``hate`` 1 and severity 3, the rest has no harm. ``kind`` is
    the stance. Written by us: what is learnt from them is a form, not how people talk.
    """
    stances: tuple[Stance | NoStance, ...] = ("none", "depicts", "condemns", "enacts", "advocates")
    for people, person in identities().people.items():
        group = f"{SOURCE}/{people}"
        split = split_of(group)
        for stance in stances:
            sentences: Sentences = getattr(identities(), stance)
            for sentence in sentences[split]:
                text = sentence.replace("{people}", people).replace("{person}", person)
                yield LabelledSegment(
                    text[0].upper() + text[1:],
                    SOURCE,
                    group,
                    split,
                    voice="narrator",
                    harm=harmless() if stance == "none" else {"hate": 1.0},
                    severity=0.0 if stance == "none" else CONTEMPT,
                    stance=stance,
                    frame="none",
                    subject="human",
                    kind=stance,
                    weight=WEIGHT,
                )
