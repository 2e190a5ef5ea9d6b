"""The figures that a study's record holds something for, ready for a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from markupsafe import Markup
from matplotlib.figure import Figure

from eudaimon.report.figures.svg import inline, svg
from eudaimon.report.page import Plot
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
from eudaimon.report.study.reading import compared, phase_figures, title
from eudaimon.report.study.squares import heat
from eudaimon.report.study.transfers import transfer_cosines, transfer_matrix
from eudaimon.study.records import StudyRecord

Draw = Callable[..., Figure | None]
FIXED: dict[str, tuple[Draw, str]] = {
    "curves": (training_curves, "Along training"),
    "change_points": (change_points, "When harm rises"),
    "matched": (matched, "Harm at equal loss, and at equal strength"),
    "cells": (cell_map, "All cells"),
    "squares": (heat, "Adapter in training, adapter at inference"),
    "transfers": (transfer_matrix, "Directions of harm from persona to persona"),
    "cosines": (transfer_cosines, "How alike directions of harm are"),
    "probes": (probed_modules, "Modules left out, and alone"),
    "directions": (directions, "What directions tell"),
    "town_sweep": (town_sweep, "Layer by layer"),
    "projections": (projections, "The malign persona along training"),
}


def study_plots(record: StudyRecord) -> Iterator[Plot]:
    """All figures of a study; names begin with the study's, and a forest's ends with its column."""
    for column in compared(record):
        yield from _plot(
            record,
            f"contrasts-{column}",
            f"{title(record, column)}: differences",
            lambda r, narrow=False, column=column: forest(r, column, narrow=narrow),
        )
    for name, (draw, heading) in FIXED.items():
        yield from _plot(record, name, heading, draw)
    for row, column, name in phase_figures(record):
        yield from _plot(
            record,
            name,
            f"{title(record, row)}, {title(record, column)}",
            lambda r, narrow=False, row=row, column=column: phase_panels(r, row, column, narrow=narrow),
        )
    yield from _attacks(record)


def _attacks(record: StudyRecord) -> Iterator[Plot]:
    for name, front in fronts(record):
        yield from _plot(
            record,
            name,
            f"Safety against capability: {front.y}",
            lambda r, narrow=False, front=front: front_figure(r, front, narrow=narrow),
        )
    for group in groups(record):
        for name, heading, draw in (
            (group.doses, "dose by dose", dose_curves),
            (group.survival, "answers that have not turned", survival_curves),
        ):
            yield from _plot(
                record,
                name,
                f"{group.title}: {heading}",
                lambda r, narrow=False, group=group, draw=draw: draw(r, group, narrow=narrow),
            )


def _plot(record: StudyRecord, name: str, heading: str, draw: Draw) -> Iterator[Plot]:
    wide, narrow = draw(record), draw(record, narrow=True)
    if wide is None or narrow is None:
        return
    file = f"{record.study}-{name}"
    document = svg(wide, heading)
    # Markup is safe here: an XML tree's serialiser has escaped all text from data.
    yield Plot(
        file,
        heading,
        document,
        Markup(inline(document, prefix=f"{file}-w")),
        Markup(inline(svg(narrow, heading), prefix=f"{file}-n")),
    )
