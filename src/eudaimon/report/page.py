"""The HTML page: templates filled from a record, every text escaped, every figure inline."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure

from eudaimon.monitor.records import EvaluationRecord
from eudaimon.report import reading, words
from eudaimon.report.figures.audit import dimensions, tone_audit
from eudaimon.report.figures.pairs import matched_pairs
from eudaimon.report.figures.roc import roc
from eudaimon.report.figures.rows import categories, sources, stress, tone_content
from eudaimon.report.figures.scores import score_histogram
from eudaimon.report.figures.svg import inline, svg
from eudaimon.report.figures.sweep import layer_sweep

FIGURES: dict[str, tuple[Callable[..., Figure | None], str]] = {
    "layer_sweep": (layer_sweep, "Layer by layer"),
    "score_histogram": (score_histogram, "Scores of safe and of harmful queries"),
    "roc": (roc, "Detection at each false-positive rate"),
    "tone_content": (tone_content, "Directions from tone and from content"),
    "sources": (sources, "Source by source"),
    "categories": (categories, "Category by category"),
    "pairs": (matched_pairs, "Prompts that look alike"),
    "stress": (stress, "Under attack"),
    "tone_audit": (tone_audit, "Tone or content"),
    "dimensions": (dimensions, "What the direction rests on"),
}
SECTIONS = (
    ("verdict", "Verdict"),
    ("run", "What was run"),
    ("systems", "Beside the baselines"),
    ("sweep", "Layer sweep"),
    ("scores", "Scores and threshold"),
    ("roc", "ROC"),
    ("tone", "Tone against content"),
    ("sources", "Sources and categories"),
    ("pairs", "Matched pairs"),
    ("stress", "Stress"),
    ("audit", "Tone-or-content audit"),
    ("cascade", "Cascade"),
    ("dimensions", "Top dimensions"),
    ("errors", "Worst errors"),
    ("data", "Data and licences"),
    ("notes", "Notes"),
)
"""Anchor and title of each section, in the order of the page. All of them always stand there; where the
record holds nothing, the section says so."""


@dataclass(frozen=True)
class Plot:
    """One figure: as a file of its own, and inline for wide and for narrow screens."""

    name: str
    title: str
    svg: str
    wide: Markup
    narrow: Markup


def plots(record: EvaluationRecord) -> Iterator[Plot]:
    """The figures that the record holds something for."""
    return draw_all(FIGURES, record)


def draw_all(figures: Mapping[str, tuple[Callable[..., Figure | None], str]], record: Any) -> Iterator[Plot]:
    """The figures, by name with how they are drawn and their title, that a record holds something for."""
    for name, (draw, title) in figures.items():
        found = plot_of(name, title, draw, record)
        if found is not None:
            yield found


def plot_of(name: str, title: str, draw: Callable[..., Figure | None], record: Any) -> Plot | None:
    """One figure of a record, drawn for wide and for narrow screens; None where it holds nothing for it."""
    wide, narrow = draw(record), draw(record, narrow=True)
    if wide is None or narrow is None:
        return None
    document = svg(wide, title)
    # Markup is safe here: an XML tree's serialiser has escaped all text from data.
    return Plot(
        name,
        title,
        document,
        Markup(inline(document, prefix=f"{name}-w")),
        Markup(inline(svg(narrow, title), prefix=f"{name}-n")),
    )


def page(record: EvaluationRecord, drawn: Mapping[str, Plot]) -> str:
    """The whole page as text: no script, no outside resource, nothing of the data unescaped."""
    sheet = resources.files("eudaimon.report").joinpath("templates/report.css").read_text(encoding="utf-8")
    return (
        environment()
        .get_template("report.html")
        .render(
            record=record,
            plots=drawn,
            sections=SECTIONS,
            # Safe: packaged with this room, holds nothing from data.
            sheet=Markup(sheet),
            **_selected(record),
        )
    )


def promise(record: EvaluationRecord) -> str:
    """How the false-positive rate seen on test relates to the promise: ``above``, ``below`` or ``within``."""
    seen, target = record.threshold.test_fpr, record.threshold.target_fpr
    low = seen.value if seen.low is None else seen.low
    high = seen.value if seen.high is None else seen.high
    return "above" if low > target else "below" if high < target else "within"


def _selected(record: EvaluationRecord) -> dict[str, Any]:
    missed, alarms = reading.errors(record)
    return {
        "systems": reading.systems(record),
        "text_systems": reading.TEXT_SYSTEMS,
        "sources": reading.scopes(record, "source"),
        "categories": reading.scopes(record, "category"),
        "sets": reading.scopes(record, "set"),
        "missed": missed,
        "alarms": alarms,
        "failed": reading.failed_pairs(record),
        "n_test": reading.n_of(record, "test"),
        "n_calibration": reading.n_of(record, "calibration"),
        "promise": promise(record),
        "apart": reading.apart(record),
        "chosen": [point for point in record.sweep if point.chosen],
        "licences": sorted({use.licence for use in record.run.data}),
        "measured": lambda system, metric, scope="all": reading.measured(record, system, metric, scope),
        "pairs_ranked": lambda system: reading.pairs_ranked(record, system),
    }


def environment(*more: Callable[..., str]) -> Environment:
    """Templates of this room with the filters of `words` and ``more``, everything escaped."""
    made = Environment(
        loader=PackageLoader("eudaimon.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    for word in (
        words.name,
        words.number,
        words.percent,
        words.value,
        words.interval,
        words.with_interval,
        words.count,
        words.amount,
        words.plural,
        words.duration,
        words.shorten,
        words.plain,
        *more,
    ):
        made.filters[word.__name__] = word
    return made


def _shown(value: Any) -> Any:
    """Last step before escaping: no text reaches the page with characters that hide or reorder."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return words.visible(value)
    return value
