"""The README's picture: one run at a glance."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from eudaimon.core.errors import UsageError
from eudaimon.core.files import atomic_path, write_text
from eudaimon.monitor.records import EvaluationRecord
from eudaimon.report.figures.roc import draw_curves, label_curves
from eudaimon.report.figures.style import COLOURS, blank, key, panel, settings, styled, words
from eudaimon.report.figures.svg import svg
from eudaimon.report.figures.sweep import draw_lines, grouped, label
from eudaimon.report.reading import n_of, system_order
from eudaimon.report.words import count, shorten, visible

WIDTH, HEIGHT = 960, 452
PNG_DOTS_PER_INCH = 144


def write_readme_picture(record: EvaluationRecord, path: str | Path) -> Path:
    """The path of the picture: layer sweep and ROC beside the text baselines, under the verdict.

    SVG or PNG by the suffix; anything else raises `UsageError`. The same record gives the same bytes.
    """
    path = Path(path)
    if path.suffix not in (".svg", ".png"):
        raise UsageError(
            f"{path.name} is not a picture that can be written", right="a name ending in .svg or .png"
        )
    figure = summary_picture(record)
    if path.suffix == ".svg":
        return write_text(path, svg(figure, f"{record.checkpoint.name}: {record.conclusion.line}"))
    with settings(), atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=PNG_DOTS_PER_INCH, metadata={"Software": None})
    return path


@styled
def summary_picture(record: EvaluationRecord) -> Figure:
    """Verdict, AUROC by layer on calibration, and ROC on test, side by side."""
    figure = blank(WIDTH, HEIGHT)
    line = visible(record.conclusion.line)
    title = f"The monitor {line}" if line[:1].islower() else line
    unit = visible(record.conclusion.difference.unit)
    if unit and unit not in title:
        title = f"{title} {unit}"
    n_safe, n_harmful = n_of(record, "test")
    words(figure, 24, 30, shorten(title, 80), fontsize=19, fontweight="bold")
    under = (
        f"{shorten(visible(record.checkpoint.name), 60)}, read from its own activations; "
        f"{count(n_safe)} safe and {count(n_harmful)} harmful queries of sources held out"
    )
    words(figure, 24, 56, under, fontsize=12, color=COLOURS["muted"])
    words(figure, 24, 92, "AUROC by layer, calibration split", fontsize=12, fontweight="bold")
    words(figure, 470, 92, "Detection by false-positive rate, test split", fontsize=12, fontweight="bold")
    if record.sweep:
        lines = grouped(record.sweep)
        entries = [("━", label(line[0]), colour) for line, colour in lines]
        if any(point.chosen for point in record.sweep):
            entries.append(("○", "chosen", "ink"))
        used = key(figure, 24, 114, entries, 400)
        axes = panel(figure, 56, 118 + used, 360, HEIGHT - 170 - used)
        draw_lines(axes, lines, "auroc")
        axes.set_xlabel("layer (0 = embedding); bands: 95 % intervals")
    if record.curves:
        axes = panel(figure, 528, 110, WIDTH - 560, HEIGHT - 162, grid="both")
        curves = sorted(record.curves, key=lambda curve: system_order(curve.system))
        draw_curves(axes, record, curves)
        label_curves(axes, record, curves, narrow=True)
    return figure
