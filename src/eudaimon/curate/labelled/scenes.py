"""Short scenes of ours, in several sentences: what voices do with a harm, or with none (``scenes.yaml``)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import BaseModel, ConfigDict

from eudaimon.core.document import Stance
from eudaimon.curate.labelled.frames import HARMFUL, Frames, framed, verb_phrase
from eudaimon.curate.labelled.segment import LabelledSegment, Split, harmless
from eudaimon.curate.labelled.splits import fraction, split_of
from eudaimon.curate.taxonomy import NoStance
from eudaimon.data.yaml_text import read_yaml

SOURCE, TOLD = "scenes", "told"
PASSAGE, REPLY = "passage", "reply"
A_STANCE, HARMLESS_PASSAGES = 4, 8
"""Passages for each act and stance, drawn by hash; passages for each harmless act."""
A_TOLD = 3
"""Stances in which a harmful act that somebody asked about is told."""
WEIGHT = 1.0

Texts = dict[Split, tuple[str, ...]]


class Act(BaseModel):
    """A harm as words that follow "to", and how severe it is, 0 to 5."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    act: str
    severity: float


class Scenes(BaseModel):
    """Harms by category and harmless acts; passages, an assistant's replies and voices around, by stance."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    harmful: dict[str, tuple[Act, ...]]
    harmless: tuple[str, ...]
    passages: dict[Stance, Texts]
    replies: dict[Stance | NoStance, Texts]
    harmless_passages: dict[NoStance, Texts]
    quoted: Frames


@cache
def scenes() -> Scenes:
    """The packaged acts and passages."""
    text = (files("eudaimon.curate.labelled") / "scenes.yaml").read_text(encoding="utf-8")
    return Scenes.model_validate(read_yaml(text))


def read_scenes() -> Iterator[LabelledSegment]:
    """Acts of ours in passages of ours: boasts, letters, speeches, lessons, reports, answers, confessions.

    Utterances of the other sets are mostly one rude or dangerous sentence. Here harm is polite, told at
    length, praised or taught in an ordinary tone, and the same forms stand around acts that harm nobody. The
    act is the group, and comes in passages of its split only. Category and severity
    are the act's, the stance is the passage's, frames are "none"; an assistant's reply follows a request for
    the act. Written by us: what is learnt from them is a form, not how people talk.
    """
    known = scenes()
    for category, acts in known.harmful.items():
        for each in acts:
            labels = {"harm": {category: 1.0}, "severity": each.severity}
            yield from _around(each.act, known.passages, A_STANCE, PASSAGE, labels)
            replies = {stance: texts for stance, texts in known.replies.items() if stance != "none"}
            yield from _around(each.act, replies, 1, REPLY, labels)
    for act in known.harmless:
        labels = {"harm": harmless(), "severity": 0.0}
        yield from _around(act, known.harmless_passages, HARMLESS_PASSAGES, PASSAGE, labels)
        yield from _around(act, {"none": known.replies["none"]}, 1, REPLY, labels)


def quoted_scenes(segments: Iterable[LabelledSegment]) -> Iterator[LabelledSegment]:
    """Those of these scenes in which somebody does, praises or teaches harm, and harmless ones, in frames.

    As `eudaimon.curate.labelled.frames.framed`, in several sentences: a villain in a story, a letter in a
    trial, a leaflet and its answer, an admirer.
    """
    said = ("enacts", "advocates", "instructs", "none")
    yield from framed((each for each in segments if each.stance in said), quoted=scenes().quoted)


def told_acts(segments: Iterable[LabelledSegment], *, seed: int = 0) -> Iterator[LabelledSegment]:
    """What the requests among these ask for, told in passages of ours: harm of many kinds, in a calm tone.

    A harmful act comes in one passage of each of three stances that are drawn by its hash, a harmless one in
    two. Category, severity, split and group are the request's; the source is "told", at half weight.
    """
    for each in segments:
        act = verb_phrase(each.text) if each.voice == "user" else ""
        if not act or each.harmful is None:
            continue
        harmful = each.harmful >= HARMFUL
        texts: Mapping[Any, Texts] = scenes().passages if harmful else scenes().harmless_passages
        places = [(stance, text) for stance, of in texts.items() for text in of[each.split]]
        places.sort(key=lambda place: fraction(act + place[1], seed))
        stances: list[Any] = (
            list(dict.fromkeys(stance for stance, _ in places))[:A_TOLD] if harmful else ["none"] * 2
        )
        for stance in stances:
            place = next(place for place in places if place[0] == stance)
            places.remove(place)
            yield replace(
                each,
                text=place[1].replace("{act}", act),
                source=TOLD,
                voice="narrator",
                stance=stance,
                kind=f"{TOLD}/{stance}",
                weight=each.weight / 2,
            )


def _around(
    act: str, passages: Mapping[Any, Texts], n: int, kind: str, labels: Mapping[str, Any]
) -> Iterator[LabelledSegment]:
    group = f"{SOURCE}/{act}"
    split = split_of(group)
    for stance, texts in passages.items():
        for text in sorted(texts[split], key=lambda text: fraction(act + text, stance))[:n]:
            yield LabelledSegment(
                text.replace("{act}", act),
                SOURCE,
                group,
                split,
                before=f"User: How do I {act}?\nAssistant: " if kind == REPLY else "",
                voice="assistant" if kind == REPLY else "narrator",
                subject="AI" if kind == REPLY else "human",
                stance=stance,
                frame="none",
                kind=f"{kind}/{stance}",
                weight=WEIGHT,
                **labels,
            )
