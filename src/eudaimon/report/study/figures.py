"""The figures that a study's record holds something for, ready for a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from matplotlib.figure import Figure

from eudaimon.report.page import Plot, plot_of
from eudaimon.report.study.attack_curves import dose_curves, survival_curves
from eudaimon.report.study.attack_reading import fronts, groups
from eudaimon.report.study.cell_map import cell_map
from eudaimon.report.study.change_points import change_points
from eudaimon.report.study.forest import forest
from eudaimon.report.study.front_figure import front_figure
from eudaimon.report.study.lines import training_curves
from eudaimon.report.study.matched import matched
from eudaimon.report.study.monitors import directions, projections, town_sweep
from eudaimon.report.study.phases import phase_panels
from eudaimon.report.study.probes import probed_modules
from eudaimon.report.study.reading import compared, phase_figures, squares, title
from eudaimon.report.study.squares import heat
from eudaimon.report.study.transfers import transfer_cosines, transfer_matrix
from eudaimon.study.records import StudyRecord

Draw = Callable[..., Figure | None]
SQUARES = "squares"
FIXED: dict[str, tuple[Draw, str, tuple[str, ...]]] = {
    "curves": (training_curves, "Along training", ("curves",)),
    "change_points": (change_points, "When harm rises", ("transitions", "transition_differences")),
    "matched": (matched, "Harm at equal loss, and at equal strength", ("along",)),
    "cells": (cell_map, "All cells", ("cells",)),
    SQUARES: (heat, "Adapter in training, adapter at inference", ("cells",)),
    "transfers": (transfer_matrix, "Directions of harm from persona to persona", ("transfers",)),
    "cosines": (transfer_cosines, "How alike directions of harm are", ("transfer_cosines",)),
    "probes": (probed_modules, "Modules left out, and alone", ("probes",)),
    "directions": (directions, "What directions tell", ("directions",)),
    "town_sweep": (town_sweep, "Layer by layer", ("town_sweep",)),
    "projections": (projections, "The malign persona along training", ("projections",)),
}
"""How a figure is drawn, its heading, and the tables that hold what it shows."""


@dataclass(frozen=True)
class StudyFigure:
    """A figure of a study, not drawn yet: name, heading, how it is drawn, and the tables with its data."""

    name: str
    heading: str
    draw: Draw
    tables: tuple[str, ...]


def study_figures(record: StudyRecord) -> Iterator[StudyFigure]:
    """The figures of a study in the order of its page; one that the record holds nothing for draws None."""
    for column in compared(record):
        yield StudyFigure(
            f"contrasts-{column}",
            f"{title(record, column)}: differences",
            lambda r, narrow=False, column=column: forest(r, column, narrow=narrow),
            ("contrasts",),
        )
    for name, (draw, heading, tables) in FIXED.items():
        if name == SQUARES and not squares(record):
            continue  # its table is there in every study
        yield StudyFigure(name, heading, draw, tables)
    for row, column, name in phase_figures(record):
        yield StudyFigure(
            name,
            f"{title(record, row)}, {title(record, column)}",
            lambda r, narrow=False, row=row, column=column: phase_panels(r, row, column, narrow=narrow),
            ("curves", "turns"),
        )
    for name, front in fronts(record):
        yield StudyFigure(
            name,
            f"Safety against capability: {front.y}",
            lambda r, narrow=False, front=front: front_figure(r, front, narrow=narrow),
            ("fronts",),
        )
    for group in groups(record):
        for name, heading, curves, tables in (
            (group.doses, "dose by dose", dose_curves, ("doses",)),
            (group.survival, "answers that have not turned", survival_curves, ("survival", "times")),
        ):
            yield StudyFigure(
                name,
                f"{group.title}: {heading}",
                lambda r, narrow=False, group=group, curves=curves: curves(r, group, narrow=narrow),
                tables,
            )


def study_plots(record: StudyRecord) -> Iterator[Plot]:
    """All figures of a study; names begin with the study's, and a forest's ends with its column."""
    for figure in study_figures(record):
        found = plot_of(f"{record.study}-{figure.name}", figure.heading, figure.draw, record)
        if found is not None:
            yield found
