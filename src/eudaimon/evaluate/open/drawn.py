"""Answers drawn from a model: several to a case, in batches, each with a seed of its own, none twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eudaimon.core.identity import short_hash
from eudaimon.core.progress import progress
from eudaimon.evaluate.attack.run import AFTER_BUDGET, BUDGET
from eudaimon.evaluate.open.said import Said, acting, key_of

if TYPE_CHECKING:
    from eudaimon.evaluate.attack.case import Case
    from eudaimon.evaluate.rows import CellValue
    from eudaimon.models.model import Model

BATCH = 64
"""Answers that are generated and then kept: what a killed run loses at most."""


@dataclass(frozen=True)
class Draw:
    """One of several answers to a case; ``part`` tells apart what is drawn for different ends."""

    case: Case
    number: int
    part: str = ""


@dataclass(frozen=True)
class Settings:
    """How answers are drawn."""

    max_new_tokens: int
    temperature: float
    seed: int


def drawn(
    model: Model, draws: Sequence[Draw], settings: Settings, said: Said, cell: Mapping[str, CellValue]
) -> list[str]:
    """The answer of each draw, in order: those on record, and the others generated and put on record.

    A draw's answer depends on its case, number and part and on the settings, on nothing else that is drawn.
    Where an attack has spent anything, its cell is part of what an answer is on record under: a direction
    that is added to generated tokens alone is not seen in what the model would say first.
    """
    from eudaimon.models.generate import generate

    acts = acting(model)
    under = sorted(cell.items()) if any(cell.get(name) for name in (BUDGET, AFTER_BUDGET)) else []
    keys = [_key(acts, draw, settings, under) for draw in draws]
    missing = [place for place, key in enumerate(keys) if said.get(key) is None]
    with progress("answers", len(missing), "answers", enabled=bool(missing)) as advance:
        # Conversations go through the chat template, plain strings stand as they are.
        for plain in (False, True):
            group = [place for place in missing if isinstance(draws[place].case.text, str) is plain]
            for start in range(0, len(group), BATCH):
                places = group[start : start + BATCH]
                cases = [draws[place].case for place in places]
                texts = generate(
                    model,
                    [case.text for case in cases],
                    prefills=[case.prefill for case in cases],
                    template=not plain,
                    max_new_tokens=settings.max_new_tokens,
                    temperature=settings.temperature,
                    seed=[_seed(draws[place], settings) for place in places],
                    show_progress=False,
                )
                said.add(
                    (keys[place], text, {**cell, **_about(draws[place])})
                    for place, text in zip(places, texts, strict=True)
                )
                advance(len(places))
    found = [said.get(key) for key in keys]
    return [text for text in found if text is not None]


def _about(draw: Draw) -> dict[str, CellValue]:
    return {"question": draw.case.question, "sample": draw.case.sample, "draw": draw.number}


def _seed(draw: Draw, settings: Settings) -> int:
    return int(short_hash([settings.seed, draw.case.question, draw.case.sample, draw.number, draw.part]), 16)


def _key(acts: str, draw: Draw, settings: Settings, under: Sequence[object]) -> str:
    about = (settings.max_new_tokens, settings.temperature, _seed(draw, settings), *under)
    return key_of(acts, draw.case.text, draw.case.prefill, about)
