"""Safety against capability in a study: its arms as points, in the words of its record."""

from __future__ import annotations

from matplotlib.figure import Figure

from eudaimon.measure.pareto import ParetoPoint
from eudaimon.report.figures.pareto import pareto_front
from eudaimon.report.study.reading import title
from eudaimon.study.cost_records import Front
from eudaimon.study.records import StudyRecord


def front_figure(record: StudyRecord, front: Front, *, narrow: bool = False) -> Figure | None:
    """The arms of one front with 95 % whiskers in both measures; None without arms."""
    points = [
        ParetoPoint(title(record, one.row), one.x, one.y, one.on_front, one.probability)
        for one in front.points
    ]
    return pareto_front(points, x_name=front.x, y_name=front.y, narrow=narrow)
