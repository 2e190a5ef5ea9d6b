"""What scoring a corpus cost, stage by stage, and what it would cost for a much larger one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from eudaimon.core.errors import BadRows
from eudaimon.core.files import read_json
from eudaimon.curate.card.record import Projection, StageRow
from eudaimon.curate.scorer import StageCost, total_costs

LARGE = 15e12
"""Tokens of the corpora on which current models are trained (Llama 3: 15 trillion)."""
CHARACTERS_PER_TOKEN = 3.94
"""Of English under Llama 3's tokenizer (Grattafiori et al., 2024, The Llama 3 Herd of Models, 3.2)."""


def costs_of(files: Iterable[str | Path]) -> tuple[tuple[StageRow, ...], float]:
    """The stages of all ``costs.json`` beside these files of scores, added up, and CPU seconds beyond them.

    Nothing where any of the files has none beside it, since a rate could not be had from the others. Raises
    `BadRows` on a file of costs that is none.
    """
    stages: list[StageCost] = []
    whole = 0.0
    paths = [Path(place).with_name("costs.json") for place in files]
    for path in paths if all(path.is_file() for path in paths) else ():
        try:
            value: dict[str, Any] = read_json(path)
            stages += [StageCost(**stage) for stage in value["stages"]]
            whole += float(value["cpu_seconds"])
        except (KeyError, TypeError, ValueError) as error:
            raise BadRows(f"{path}: {error!r}", right="the costs that `curate score` wrote") from error
    rows = tuple(
        StageRow(
            stage=cost.stage,
            n_documents=cost.documents,
            n_segments=cost.segments,
            n_characters=cost.characters,
            cpu_seconds=cost.cpu_seconds,
            n_changed=cost.changed,
        )
        for cost in total_costs(stages)
    )
    return rows, max(0.0, whole - sum(row.cpu_seconds for row in rows))


def projected(
    stages: Sequence[StageRow],
    other_cpu_seconds: float,
    n_characters: int,
    *,
    n_tokens: float = LARGE,
    characters_per_token: float = CHARACTERS_PER_TOKEN,
    machine: str = "",
) -> Projection | None:
    """The core-hours of scoring ``n_tokens`` at the rate measured on ``n_characters``; None without one."""
    if not stages or not n_characters:
        return None
    scale = n_tokens * characters_per_token / n_characters / 3600
    hours = {row.stage: row.cpu_seconds * scale for row in stages}
    hours["reading and writing"] = other_cpu_seconds * scale
    return Projection(
        n_tokens=n_tokens,
        characters_per_token=characters_per_token,
        n_characters_measured=n_characters,
        core_hours=sum(hours.values()),
        stages=hours,
        assumptions=(
            f"{characters_per_token:g} characters a token, as of English under Llama 3’s tokenizer"
            if characters_per_token == CHARACTERS_PER_TOKEN
            else f"{characters_per_token:g} characters a token",
            f"cores like those that scored this corpus{f' ({machine})' if machine else ''}, all of them busy",
            "text like this corpus: as many segments, as many of them passed on to each later stage",
            "CPU time of reading, scoring and writing; opening models, moving files and waiting are left out",
        ),
    )
