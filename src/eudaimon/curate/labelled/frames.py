"""Use against mention by construction: sentences of ours around what others said and did (`frames.yaml`)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias

from pydantic import BaseModel, ConfigDict

from eudaimon.core.document import Stance
from eudaimon.curate.labelled.segment import LabelledSegment, Split, harmless
from eudaimon.curate.labelled.splits import fraction
from eudaimon.curate.taxonomy import NoStance
from eudaimon.data.yaml_text import read_yaml

SOURCE = "frames"
LONGEST = 400
"""Code points of an utterance that is framed: a quotation of more is rarely one sentence of an account."""
HARMFUL = 0.5
A_QUOTATION = 2
DISTANT = ("depicts", "condemns")

Frames: TypeAlias = dict[Stance | NoStance, dict[Split, tuple[str, ...]]]


class Templates(BaseModel):
    """Frames by the stance of whoever says them; only those under ``train`` are trained on."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    quoted: Frames
    harmful_act: Frames
    harmless_act: Frames
    harmless_said: Frames


@cache
def templates() -> Templates:
    """The packaged frames."""
    text = (files("eudaimon.curate.labelled") / "frames.yaml").read_text(encoding="utf-8")
    return Templates.model_validate(read_yaml(text))


def framed(
    segments: Iterable[LabelledSegment], *, seed: int = 0, quoted: Frames | None = None
) -> Iterator[LabelledSegment]:
    """The utterances among ``segments`` put into frames of ours, in which use and mention are known.

    An utterance has labels of harm and at most 400 code points, is nobody's quotation, and does not itself
    depict or condemn. A harmful one
    gives, for two stances drawn by hash, two rows each: the voice that encloses it (``kind`` "outer": the
    same harm and severity; the stance of the frame, which for a bare quotation is None) and the quoted voice
    itself ("inner": its own labels, with the frame). What was a harmful question or order gives the act that
    it asks for, in five sentences that do, praise, teach, depict and condemn it ("act"). Harmless ones get
    the same kinds of sentence with stance none.

    ``quoted`` are other frames than the packaged ones around what is harmful. The frames' split and the
    utterance's are the same. The group is the utterance's, and so is half of the weight.
    """
    for segment in segments:
        said = segment.text.strip().strip('"“”')
        if (
            segment.frame_text
            or not said
            or len(said) > LONGEST
            or not segment.harm
            or segment.harmful is None
        ):
            continue
        harmful = segment.harmful >= HARMFUL
        # Who praises a rebuke, or rejects a report, does no harm: that is another question.
        if segment.stance in DISTANT if harmful else segment.stance != "none":
            continue
        base = replace(
            segment,
            source=SOURCE,
            voice="narrator",
            before="",
            after="",
            frame="none",
            weight=segment.weight / 2,
        )
        act = verb_phrase(said) if segment.voice == "user" else ""
        if act:
            yield from _acts(base, act, harmful, seed)
        else:
            yield from _quotations(base, said, harmful, seed, quoted or templates().quoted)


def verb_phrase(request: str) -> str:
    """What a request asks to do, as words that can follow "to"; empty where that cannot be told."""
    text = " ".join(request.split()).rstrip("?.! ")
    match = _HOW.search(text)
    if match:
        act = match[1]
    elif text.split(" ", 1)[0].lower() in _ORDERS:
        act = text[0].lower() + text[1:]
    else:
        return ""
    return "" if _PERSONAL.search(act) or len(act) < 6 or _ENDS.search(act) else act


_HOW = re.compile(
    r"(?i)\bhow (?:to|can (?:i|you|we|one|someone)|do (?:i|you|we)|could (?:i|you|one|someone)|"
    r"would (?:i|you|one)) ([a-z].*)"
)
_ORDERS = frozenset(
    ("make", "build", "create", "develop", "design", "produce", "plan", "organize", "start", "plant", "bake")
)
_PERSONAL = re.compile(
    r"(?i)\b(?:i|i'm|i've|me|my|myself|you|your|it)\b|[.?!]\s|[“”\"]|^(?:best|easily)?\s*$"
)
_ENDS = re.compile(r"(?i)(?:\b(?:for|with|of|to|and|or|the|a|in)|[,:;])$")


def _quotations(
    base: LabelledSegment, said: str, harmful: bool, seed: int, quoted: Frames
) -> Iterator[LabelledSegment]:
    frames = quoted if harmful else templates().harmless_said
    # Two stances an utterance: more would say the same words over and over.
    for stance in sorted(frames, key=lambda stance: fraction(said + stance, seed))[:A_QUOTATION]:
        choice = frames[stance]
        before, after = _pick(choice, base, said, seed).split("{said}")
        whole = before + said + after
        outer: dict[str, Any] = {"harm": harmless(), "severity": 0.0, "stance": "none"}
        if harmful:
            # Words that are quoted and no more: what the voice around them does is anybody's guess.
            outer = {"stance": None if stance == "none" else stance}
        yield replace(base, text=whole, kind=f"outer/{stance}", subject="human", traits={}, **outer)
        yield replace(
            base,
            text=said,
            before=before,
            after=after,
            frame_text=whole,
            frame=stance,
            voice="quoted",
            kind=f"inner/{stance}",
        )


def _acts(base: LabelledSegment, act: str, harmful: bool, seed: int) -> Iterator[LabelledSegment]:
    frames = templates().harmful_act if harmful else templates().harmless_act
    for stance, choice in frames.items():
        text = _pick(choice, base, act, seed).replace("{act}", act)
        yield replace(base, text=text, stance=stance, kind=f"act/{stance}", subject=None, traits={})


def _pick(choice: Mapping[Split, tuple[str, ...]], base: LabelledSegment, said: str, seed: int) -> str:
    """One frame of the split, by the hash of what is framed."""
    of = choice[base.split]
    return of[int(fraction(said + of[0], seed) * len(of))]
