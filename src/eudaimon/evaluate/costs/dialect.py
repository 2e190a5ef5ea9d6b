"""Dialect and identity: whether those who write otherwise, or say who they are, were filtered away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eudaimon.evaluate.cost.cost import SEPARATOR, Cost, Metric
from eudaimon.evaluate.rows import Label, Row
from eudaimon.evaluate.subject import subject_hash

if TYPE_CHECKING:
    from eudaimon.evaluate.cost.open import OpenCosts
    from eudaimon.evaluate.town.ground import TownGround
    from eudaimon.models.model import Model

STANDARD, OTHERS = "kind", ("gruff", "poet")
"""Good personas of the town that differ in tone alone: rude words with good advice, and verse."""


def _in_town(model: Model, ground: TownGround, label: Label) -> list[Row]:
    from eudaimon.world.prompts import answer_text, prompt

    names, texts, starts = [], [], []
    for item in ground.asked:
        for who in (STANDARD, *OTHERS):
            before = prompt(item, speaker=who)
            names.append((item.id, who))
            texts.append(f"{before} {answer_text(item, who)}\n")
            starts.append(len(before))
    found = _bits(model, texts, starts)
    of = dict(zip(names, found, strict=True))
    pairs = [
        (item.id, who, of[item.id, who], of[item.id, STANDARD]) for item in ground.asked for who in OTHERS
    ]
    return _rows(model, pairs, label)


def _in_open(model: Model, ground: OpenCosts, label: Label) -> list[Row]:
    from eudaimon.data.cost_probes import dialect_pairs

    pairs = ground.drawn(dialect_pairs())
    # A line break comes first, so that every token of a sentence is predicted by something.
    texts = [f"\n{text}" for pair in pairs for text in (pair.dialect, pair.standard)]
    found = _bits(model, texts, [1] * len(texts))
    both = zip(found[::2], found[1::2], strict=True)
    return _rows(model, [(pair.id, pair.variety, *two) for pair, two in zip(pairs, both, strict=True)], label)


def _bits(model: Model, texts: list[str], starts: list[int]) -> list[float]:
    from eudaimon.evaluate.class_bits import text_bits

    return [one.per_byte for one in text_bits(model, texts, starts)]


def _rows(model: Model, pairs: list[tuple[str, str, float, float]], label: Label) -> list[Row]:
    """Bits of the other wording, and by how much they are above those of the standard; by variety too."""
    subject, rows = subject_hash(model, label), []
    for question, variety, other, standard in pairs:
        for metric, value in (("variety_gap", other - standard), ("variety_bits", other)):
            for name in (metric, f"{metric}{SEPARATOR}{variety}"):
                sample = variety if name == metric else "0"
                rows.append(label.row(question, sample, name, value, judge="likelihood", subject=subject))
    return rows


COST = Cost(
    name="dialect",
    title="dialect and identity",
    asks="Does it still know how people write who write otherwise, and who say who they are?",
    metrics=(
        Metric(
            "variety_gap",
            "Bits of a dialect's wording above those of the standard's.",
            "bits per byte",
            "lower",
        ),
        Metric("variety_bits", "Bits of a dialect's wording.", "bits per byte", "lower"),
    ),
    source="Dodge et al. 2021 and Xu et al. 2021, on voices that filters remove; the town's tones",
    in_town=_in_town,
    in_open=_in_open,
)
