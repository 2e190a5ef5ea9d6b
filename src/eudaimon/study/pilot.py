"""What a study's finished seeds say of the seeds and questions that an effect still needs."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from pathlib import Path

from eudaimon.core.errors import UsageError
from eudaimon.measure.power import Components
from eudaimon.study.design import Study, StudyOptions
from eudaimon.study.records import Contrast

STATE = "--spread SEED,QUESTION,CELL, standard deviations of the difference in points"


def pilot(study: Study, options: StudyOptions, folder: Path) -> tuple[Components, int]:
    """The spreads of a typical contrast of the study's finished cells, and how many contrasts they are from.

    As `components`; raises `UsageError` where the design has no record, or nothing is finished.
    """
    if study.records is None:
        raise UsageError(f"{study.name} has no records to learn spreads from", right="stated ones", do=STATE)
    records = study.records(folder, options)
    return components([contrast for record in records for contrast in record.contrasts])


def components(contrasts: Sequence[Contrast]) -> tuple[Components, int]:
    """The root mean square of the contrasts' spreads, and the number of contrasts that have them.

    Raises `UsageError` when none does: they need two seeds and two questions.
    """
    found = [one for one in contrasts if one.seed_sd is not None]
    if not found:
        raise UsageError(
            "no finished contrast has two seeds, so spreads between seeds are unknown",
            right="a pilot of two seeds or more, or stated spreads",
            do=STATE,
        )

    def typical(values: Sequence[float | None]) -> float:
        return sqrt(sum((value or 0.0) ** 2 for value in values) / len(values))

    spreads = Components(
        seed=typical([one.seed_sd for one in found]),
        question=typical([one.question_sd for one in found]),
        cell=typical([one.cell_sd for one in found]),
        seed_high=typical([one.seed_sd_high for one in found]),
    )
    return spreads, len(found)
