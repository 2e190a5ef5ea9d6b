"""Vectors: what monitors and directions rest on, layer by layer, and whose direction moves whom."""

from __future__ import annotations

import html

import plotly.graph_objects as go
import streamlit as st

from eudaimon.core.errors import EudaimonError
from eudaimon.core.site import Site
from eudaimon.dashboard import safe
from eudaimon.dashboard.directions import (
    at_site,
    cosine_map,
    cosine_rows,
    cosines,
    read_sites,
    top_dimensions,
)
from eudaimon.dashboard.figures import figures_of
from eudaimon.dashboard.pages import parts
from eudaimon.dashboard.records import SUMMARY
from eudaimon.dashboard.scatter import Scatter, scatter_of
from eudaimon.dashboard.store import Found
from eudaimon.monitor.records import EvaluationRecord
from eudaimon.report.tables import Cell, Table
from eudaimon.report.words import percent
from eudaimon.study.records import StudyRecord

PARTS = ("Monitors", "Scatter", "Directions", "Studies")
OF_VECTORS = ("transfers", "cosines", "probes", "directions", "town_sweep", "projections")
"""Figures of a study that are about directions."""
MARKS = {True: ("diamond", "#c4442c", "harmful"), False: ("circle", "#2b86b5", "safe")}
LONGEST = 160
MOST_READ = 12
"""Runs that are read to find one with such figures."""


def show() -> None:
    """The page."""
    parts.heading("Vectors", "What separates safe from harmful inside a model, where, and how sure that is.")
    part = st.segmented_control("Part", PARTS, default=PARTS[0], key="vectors-part") or PARTS[0]
    with parts.told():
        if part == "Monitors":
            _monitors()
        elif part == "Scatter":
            _scatter()
        elif part == "Directions":
            _directions()
        else:
            _studies()


def _monitors() -> None:
    found = parts.pick("Evaluation of a monitor", parts.store().of("evaluation"), "evaluation")
    if found is None:
        parts.nothing(
            "No monitor was evaluated here yet: layer sweeps and histograms come from an evaluation.",
            ("eudaimon", "monitor", "quickstart", "--out", "runs/monitor"),
        )
        return
    record = parts.record_of(found)
    assert isinstance(record, EvaluationRecord)
    st.html(safe.paragraph(f"The monitor {record.conclusion.line}.", "lede"))
    st.html(safe.paragraph(f"On {record.checkpoint.name}.", "quiet"))
    parts.figures(record, "evaluation")
    with st.expander("All tables of this evaluation"):
        parts.tables(record, "evaluation")


def _scatter() -> None:
    found = parts.pick("Monitor", parts.store().of("monitor"), "examples")
    if found is None:
        parts.nothing(
            "No monitor was fitted here yet.",
            ("eudaimon", "monitor", "fit", "--out", "runs/monitor.safetensors"),
        )
        return
    made = scatter_of(found.path)
    if made is None:
        st.info(
            "This monitor was fitted without keeping its training examples, so there are no points to show."
        )
        return
    first, second = made.shares
    st.plotly_chart(_points(made), width="stretch", key="scatter", config=parts.AS_SVG)
    more = f", of which {len(made.texts):,} drawn by chance are shown" if len(made.texts) < made.n else ""
    st.caption(
        f"{made.n:,} training examples{more}, standardised activations at layer {made.site}. The first "
        f"component holds {percent(first, 0)} of their variance and the second {percent(second, 0)}: what a "
        "monitor reads may lie in neither."
    )
    rows: list[tuple[Cell, ...]] = [
        (MARKS[harmful][2], source, x, y, text)
        for (x, y), harmful, source, text in zip(
            made.points.tolist(), made.harmful, made.sources, made.texts, strict=True
        )
    ]
    points = Table("scatter", ("label", "source", "first", "second", "text"), tuple(rows))
    with st.expander("The points as a table"):
        parts.table(points, "scatter")


def _points(made: Scatter) -> go.Figure:
    drawn = go.Figure()
    for harmful, (mark, colour, label) in MARKS.items():
        chosen = [k for k, one in enumerate(made.harmful) if one is harmful]
        drawn.add_trace(
            go.Scatter(
                x=[float(made.points[k, 0]) for k in chosen],
                y=[float(made.points[k, 1]) for k in chosen],
                mode="markers",
                name=label,
                marker={"symbol": mark, "color": colour, "size": 7, "opacity": 0.7},
                # plotly reads some HTML in its tooltips.
                text=[html.escape(safe.name(made.texts[k], LONGEST)) for k in chosen],
                hovertemplate="%{text}<extra></extra>",
            )
        )
    drawn.update_layout(
        height=460,
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        xaxis_title="first component",
        yaxis_title="second component",
        legend={"orientation": "h", "y": 1.08},
    )
    return drawn


def _directions() -> None:
    found = {one.name: one for one in parts.store().of("directions")}
    if not found:
        parts.nothing(
            "No direction was extracted here yet. For one of a model that was raised in a study:",
            ("eudaimon", "vectors", "extract", "--help"),
            ("eudaimon", "vectors", "matrix", "--help"),
        )
        return
    names = list(found)
    chosen = st.multiselect(
        "Files of directions",
        names,
        default=names[:6],
        key="files",
        format_func=parts.called,
        max_selections=16,
    )
    paths = {name: found[name].path for name in chosen if name in found}
    if not paths:
        st.info("Choose one file or more.")
        return
    sites = read_sites(paths)
    shared = sorted(set.intersection(*(set(own) for own in sites.values())))
    options: list[Site | None] = [None, *shared]
    site = st.selectbox(
        "Layer",
        options,
        key="site",
        format_func=lambda one: "the middle one of each file" if one is None else str(one),
    )
    directions = at_site(paths, site)
    if len(directions) > 1:
        compared = cosines(directions)
        parts.drawing(
            cosine_map(compared),
            cosine_map(compared, narrow=True),
            "Cosines between directions",
            "cosine-map",
        )
        numbered = (f"{k} {safe.place(name)}" for k, name in enumerate(compared.labels, start=1))
        st.html(safe.paragraph("\n".join(numbered), "quiet"))
        if not compared.same_model:
            st.caption("These directions were made on different models: their cosines mean little.")
        rows = cosine_rows(compared)
        parts.grid(rows)
        header = ("a", "b", "cosine", "beyond_chance")
        parts.download(
            Table("cosines", header, tuple(tuple(row[key] for key in header) for row in rows)), "cosines"
        )
    which = st.selectbox("Top dimensions of", list(directions), key="of", format_func=parts.called)
    one = directions[which]
    st.html(
        safe.paragraph(
            f"{one.method} at layer {one.site}, {one.pooling}, from {one.classes[0]} to {one.classes[1]}, on "
            f"{safe.place(one.binding.name or one.binding.checkpoint)}, {one.n[0]} and {one.n[1]} rows.",
            "quiet",
        )
    )
    parts.grid(top_dimensions(one))


def _studies() -> None:
    runs = [one for one in parts.store().of("study") if (one.path / SUMMARY).is_file()]
    # Some are read to begin with one that has such figures, and not all: there may be hundreds.
    likely = next((one for one in runs[:MOST_READ] if _about_vectors(one)), None)
    run = parts.pick(
        "Run", [likely, *(one for one in runs if one is not likely)] if likely else runs, "vectors-of"
    )
    if run is None:
        parts.nothing(
            "No study with monitors or a transfer matrix has a report here yet.",
            ("eudaimon", "quickstart"),
            ("eudaimon", "study", "run", "em-susceptibility"),
        )
        return
    records = _about_vectors(run)
    if not records:
        st.info("This run has no figures of directions. Those of good-personas and em-susceptibility do:")
        parts.typed("eudaimon", "study", "run", "em-susceptibility")
        return
    names = [record.study for record in records]
    place = st.selectbox(
        "Study", range(len(records)), key="vectors-record", format_func=lambda k: safe.name(names[k])
    )
    record = records[place]
    parts.figures(record, "vectors", [f"{record.study}-{name}" for name in OF_VECTORS])


def _about_vectors(found: Found) -> list[StudyRecord]:
    """The records of a run that hold any figure of directions; none where they cannot be read."""
    wanted = set(OF_VECTORS)
    try:
        records = parts.studies_of(found)
    except EudaimonError:
        return []  # the page of studies says what is wrong with it
    return [
        record
        for record in records
        if any(one.name.removeprefix(f"{record.study}-") in wanted for one in figures_of(record))
    ]
