"""The figures that a study's record holds something for, ready for a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from markupsafe import Markup
from matplotlib.figure import Figure

from eudaimon.report.figures.svg import inline, svg
from eudaimon.report.page import Plot
from eudaimon.report.study.forest import forest
from eudaimon.report.study.lines import training_curves
from eudaimon.report.study.monitors import directions, projections, town_sweep
from eudaimon.report.study.reading import compared, title
from eudaimon.report.study.squares import heat
from eudaimon.study.records import StudyRecord

Draw = Callable[..., Figure | None]
FIXED: dict[str, tuple[Draw, str]] = {
    "curves": (training_curves, "Along the attack's training"),
    "squares": (heat, "Adapter in training, adapter at inference"),
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
