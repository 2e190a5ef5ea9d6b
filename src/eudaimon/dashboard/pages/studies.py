"""Studies: every run below the folder, its table, its figures, its data, and two runs beside each other."""

from __future__ import annotations

import streamlit as st

from eudaimon.dashboard import safe
from eudaimon.dashboard.compare import Comparable, beside, compared, main_metric, metrics
from eudaimon.dashboard.pages import parts
from eudaimon.dashboard.records import STUDY, Progress, progress_of, steps_of
from eudaimon.dashboard.store import Found
from eudaimon.evaluate.battery.record import BatteryRecord
from eudaimon.report.study.reading import all_scopes, passed, title
from eudaimon.report.study.reading import metrics as metrics_of
from eudaimon.report.study.tables import table_rows
from eudaimon.report.tables import Table
from eudaimon.report.words import name, plural, with_interval
from eudaimon.study.records import StudyRecord

PARTS = ("Result", "Figures", "Tables", "Compare")
COMPARED = (
    "row", "column", "scope", "metric", "first", "first_low", "first_high", "second", "second_low",
    "second_high", "difference", "overlap",
)  # fmt: skip


def show() -> None:
    """The page."""
    parts.heading("Studies", "What each run found, with its intervals, drawn as its report draws it.")
    runs = parts.store().of("study", "battery")
    if not runs:
        parts.nothing(
            "No study was run here yet. The first one takes a few minutes:",
            ("eudaimon", "quickstart"),
            ("eudaimon", "study", "list"),
        )
        return
    found = parts.pick("Run", runs, "run")
    if found is None:
        return
    with parts.told():
        records = _records(found)
        above = st.container()
        record = _one_of(records, "study")
        if record is not None:
            _show(record, found, runs)
        if found.kind == "study":
            with above:  # planning a large study takes seconds: what was found is shown before
                steps = parts.counted(lambda: steps_of(found), "steps", *_version(found))
                _say_progress(found, progress_of(found, steps), reported=bool(records))


def _show(record: StudyRecord | BatteryRecord, found: Found, runs: tuple[Found, ...]) -> None:
    part = st.segmented_control("Part", PARTS, default=PARTS[0], key="studies-part") or PARTS[0]
    if part == "Result":
        _result(record)
    elif part == "Figures":
        parts.figures(record, "study")
    elif part == "Tables":
        parts.tables(record, "study")
    else:
        _compare(record, found, runs)


def _version(found: Found) -> tuple[object, ...]:
    return str(found.path), parts.stamp(found.path / STUDY)


def _records(found: Found) -> tuple[StudyRecord | BatteryRecord, ...]:
    if found.kind == "study":
        return parts.studies_of(found)
    record = parts.record_of(found)
    assert isinstance(record, BatteryRecord)
    return (record,)


def _one_of(records: tuple[StudyRecord | BatteryRecord, ...], key: str) -> StudyRecord | BatteryRecord | None:
    """The record that is looked at: of a run with several studies, the chosen one."""
    if len(records) < 2:
        return records[0] if records else None
    names = [record.study if isinstance(record, StudyRecord) else record.ground for record in records]
    chosen = st.selectbox("Study", range(len(records)), key=key, format_func=lambda k: safe.name(names[k]))
    return records[chosen]


def _say_progress(found: Found, progress: Progress, *, reported: bool) -> None:
    st.progress(
        progress.n_done / max(progress.n_steps, 1),
        f"{progress.n_done:,} of {progress.n_steps:,} steps are finished",
    )
    if not reported:
        st.info("This run has no report yet. It is drawn from the steps that are finished:")
        parts.typed("eudaimon", "study", "report", "--folder", found.path)
    elif progress.n_since:
        st.info(f"{progress.n_since:,} steps were finished after its report was drawn. To draw it anew:")
        parts.typed("eudaimon", "study", "report", "--folder", found.path)


def _result(record: StudyRecord | BatteryRecord) -> None:
    st.html(safe.paragraph(record.question, "quiet"))
    if isinstance(record, BatteryRecord):
        titles = {one.name: one.title for one in record.attacks}
        parts.grid(
            {
                "subject": one.subject,
                "no attack": with_interval(one.plain, "harm") if one.plain else "–",
                "mean of all attacks": with_interval(one.mean, "harm"),
                "worst case": with_interval(one.worst, "harm"),
                "by": f"{titles.get(one.attack, one.attack)}, {name(one.variant)}, at {one.budget:g}",
            }
            for one in record.extremes
        )
        st.caption(f"By {name(record.harm)}; {plural(record.n_questions, 'question')}; 95 % intervals.")
        return
    if record.headline:
        st.html(safe.paragraph(record.headline, "lede"))
    left, right = st.columns(2)
    metric = left.selectbox(
        "Metric", metrics_of(record), key="metric", format_func=lambda key: safe.name(name(key))
    )
    scope = right.selectbox(
        "Questions", all_scopes(record), key="scope", format_func=lambda key: safe.name(name(key))
    )
    header, *rows = table_rows(record, metric, scope)
    shown = ("arm", *header[1:])
    columns = [f"{text} ({k})" if shown.count(text) > 1 else text for k, text in enumerate(shown)]
    parts.grid((dict(zip(map(safe.name, columns), row, strict=True)) for row in rows), pinned="arm")
    st.caption("Rates in per cent, with 95 % intervals over seeds and questions.")
    parts.download(Table(f"{record.study}-{metric}-{scope}", tuple(columns), tuple(rows)), "arms")
    if record.hypotheses:
        st.subheader("Hypotheses", anchor=False)
        # Whole sentences do not fit into cells.
        said = "\n".join(f"{one.name}, {one.verdict}: {one.says}" for one in record.hypotheses)
        st.html(safe.paragraph(said))
        parts.grid(
            {
                "hypothesis": one.name,
                "verdict": one.verdict,
                "arm": title(record, one.row),
                "against": title(record, one.reference),
                "difference": with_interval(one.difference, one.metric),
                "p (Holm)": one.p_holm,
            }
            for one in record.hypotheses
        )
    held, measured, known = passed(record)
    if measured:
        st.caption(
            f"Known answers of the town: {held} of {measured} that were measured hold ({known} in all)."
        )
    if record.notes:
        st.html(safe.paragraph("\n".join(record.notes), "quiet"))


def _compare(record: Comparable, found: Found, runs: tuple[Found, ...]) -> None:
    others = [one for one in runs if one is not found]
    other = parts.pick("With this run", [*others, found], "with")
    if other is None:
        return
    same = (one for one in _records(other) if type(one) is type(record))
    # Those with most in common first: a run of several studies begins with any of them.
    likeliest = sorted(same, key=lambda one: -len(compared(record, one)))
    second = _one_of(tuple(likeliest), "with-record")
    if second is None:
        st.info("The other run has no record of this kind.")
        return
    rows = compared(record, second)
    if not rows:
        st.info("The two runs measured nothing in common: other arms, other columns, or another metric.")
        return
    both = metrics(record, second)
    metric, scope = st.selectbox(
        "Metric",
        both,
        index=next((k for k, (metric, _) in enumerate(both) if metric == main_metric(record)), 0),
        key="with-metric",
        format_func=lambda pair: safe.name(f"{name(pair[0])}, {name(pair[1])}"),
    )
    called = parts.called(found.name), parts.called(other.name)
    wide, narrow = (beside(record, second, metric, scope, called, narrow=each) for each in (False, True))
    parts.drawing(wide, narrow, f"{name(metric)} of both runs", "both")
    parts.grid(row for row in rows if (row["metric"], row["scope"]) == (metric, scope))
    st.caption(
        f"{safe.escaped(called[1])} minus {safe.escaped(called[0])}. Intervals that overlap are no test of "
        "equality, and others are no contrast."
    )
    every = Table("compared", COMPARED, tuple(tuple(row[key] for key in COMPARED) for row in rows))
    parts.download(every, "compared", "All that both measured, as CSV")
