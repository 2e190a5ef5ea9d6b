"""What all pages show in one way: a choice, figures, grids, downloads, and what went wrong."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import streamlit as st
from matplotlib.figure import Figure

from eudaimon.core.errors import BindingMismatch, EudaimonError
from eudaimon.curate.card.record import CardRecord
from eudaimon.dashboard import safe
from eudaimon.dashboard.figures import AnyRecord, Drawable, figures_of, tables_of
from eudaimon.dashboard.labels import labels_of
from eudaimon.dashboard.launch import FOLDER
from eudaimon.dashboard.records import FILES, SUMMARY, read_record, study_records
from eudaimon.dashboard.store import Found, Store, find
from eudaimon.evaluate.battery.record import BatteryRecord
from eudaimon.monitor.records import EvaluationRecord
from eudaimon.report.figures.style import COLOURS, DARK
from eudaimon.report.figures.svg import svg
from eudaimon.report.tables import Table
from eudaimon.report.words import visible
from eudaimon.study.records import StudyRecord

Answer = TypeVar("Answer")
SHEET = Path(__file__).with_name("page.css")
MOST_ROWS = 2000
"""Rows of one grid; the whole of it is in the CSV."""
LONGEST_CELL = 300
AS_SVG = {"displaylogo": False, "modeBarButtons": [["toImage"]], "toImageButtonOptions": {"format": "svg"}}
"""What plotly's own bar has: one button, which saves the figure as it is seen."""
ON_ANOTHER = "Use monitor and directions on another stack than theirs; their error rates do not hold there"
"""The box that lets them, on the page Ask."""
LOOK_AGAIN = 20
"""Seconds after which the folder is looked through again."""


def style() -> None:
    """The style sheet of all pages: packaged, with nothing in it from data."""
    st.html(SHEET)
    st.html(f"<style>:root {{ --ink: {(DARK if is_dark() else COLOURS)['ink']} }}</style>")


def store() -> Store:
    """What lies below the folder that the server was started for."""
    return _found(os.environ.get(FOLDER, "."))


def called(name: str | None) -> str:
    """What a thing of the store is called on a page: a step by what it is, others by their place."""
    return safe.place(_labels(os.environ.get(FOLDER, ".")).get(name or "", name or ""))


def is_dark() -> bool:
    """Whether the page is dark now."""
    return bool(st.context.theme.get("type") == "dark")


def heading(title: str, text: str) -> None:
    """The page's title with a line that says what it is for; both are ours."""
    st.title(title, anchor=False)
    st.caption(text)
    if store().cut:
        st.caption(
            "This folder holds too many folders to look through: what is not listed may lie in one of them."
        )


def pick(
    label: str, found: Sequence[Found], key: str, *, none: str = "", help: str | None = None
) -> Found | None:
    """One of the things that were found, chosen by name, or out of the address, where it is a name too.

    With ``none`` nothing may be chosen, which is called so.
    """
    names = [one.name for one in found]
    options: list[str | None] = [None, *names] if none else [*names]
    if not options:
        return None
    wanted = st.query_params.get(key)
    index = options.index(wanted) if wanted in names else 0
    chosen = st.selectbox(
        label,
        options,
        index=index,
        key=key,
        help=help,
        format_func=lambda name: called(name) if name else none,
    )
    return next((one for one in found if one.name == chosen), None)


def grid(rows: Iterable[Mapping[str, Any]], *, pinned: str = "") -> None:
    """Rows as a grid, in which text is text; long cells are cut, and of very many rows some are shown.

    The column ``pinned`` stays where it is while others are scrolled.
    """
    listed = list(rows)
    shown = [{safe.name(name): _cell(value) for name, value in row.items()} for row in listed[:MOST_ROWS]]
    columns = {pinned: st.column_config.Column(pinned=True)} if pinned else None
    st.dataframe(shown, hide_index=True, width="stretch", column_config=columns)
    if len(listed) > MOST_ROWS:
        st.caption(f"The first {MOST_ROWS:,} of {len(listed):,} rows; the CSV has all.")


def table(one: Table, key: str) -> None:
    """A table of a report as a grid, with its CSV."""
    grid(dict(zip(one.header, row, strict=True)) for row in one.rows)
    download(one, key)


def download(one: Table, key: str, label: str = "Data as CSV") -> None:
    """A button that gives a table as CSV, in which no cell is a formula."""
    st.download_button(
        label, one.csv(), file_name=f"{_file(one.name)}.csv", mime="text/csv", key=f"{key}-csv"
    )


def figures(record: AnyRecord, key: str, only: Iterable[str] | None = None) -> None:
    """The figures of a record, one at a time, each with its SVG and the data behind it as CSV."""
    wanted = None if only is None else set(only)
    found = {one.name: one for one in figures_of(record) if wanted is None or one.name in wanted}
    if not found:
        st.caption("The record holds nothing to draw here.")
        return
    if len(found) == 1:
        figure(next(iter(found.values())), key)
        return
    chosen = st.selectbox(
        "Figure", list(found), key=f"{key}-figure", format_func=lambda name: safe.name(found[name].title)
    )
    figure(found[chosen], key)


def figure(one: Drawable, key: str) -> None:
    """A figure for wide and narrow screens in the colours of the page, with its downloads."""
    with st.spinner("Drawing"):
        wide, narrow = _drawn(one, key)
    if not wide or not narrow:
        st.caption("The record holds nothing to draw here.")
        return
    st.html(safe.picture(wide, narrow, one.title, dark=is_dark()))
    with st.container(horizontal=True):
        _svg_button(wide, one.name, key)
        for number, held in enumerate(one.tables):
            label = "Data as CSV" if len(one.tables) == 1 else f"Data as CSV ({number + 1})"
            download(held, f"{key}-{number}", label)


def _svg_button(document: str, name: str, key: str) -> None:
    st.download_button(
        "Figure as SVG", document, file_name=f"{_file(name)}.svg", mime="image/svg+xml", key=f"{key}-svg"
    )


def _drawn(one: Drawable, key: str) -> tuple[str, str]:
    """The figure for wide and for narrow screens, drawn again only when another one is looked at."""
    kept = st.session_state.get(f"{key}-drawn")
    if kept is None or kept[0] is not one.record or kept[1] != one.name:
        kept = one.record, one.name, (one.svg(), one.svg(narrow=True))
        st.session_state[f"{key}-drawn"] = kept
    drawn: tuple[str, str] = kept[2]
    return drawn


def drawing(
    wide: Figure | None, narrow: Figure | None, title: str, key: str, data: Table | None = None
) -> None:
    """A figure that belongs to no record, with its SVG and its ``data``; nothing where there is none."""
    if wide is not None and narrow is not None:
        document = svg(wide, title)
        st.html(safe.picture(document, svg(narrow, title), title, dark=is_dark()))
        with st.container(horizontal=True):
            _svg_button(document, title, key)
            if data is not None:
                download(data, key)


def tables(record: AnyRecord, key: str) -> None:
    """The tables of a record, one at a time."""
    found = {one.name: one for one in tables_of(record)}
    if not found:
        st.caption("The record holds no table.")
        return
    chosen = st.selectbox("Table", list(found), key=f"{key}-table", format_func=safe.name)
    table(found[chosen], f"{key}-table")


def typed(*words: str | Path) -> None:
    """A command to type, with its words quoted for a shell; the box has a button that copies it."""
    st.code(visible(shlex.join(map(str, words))), language=None, wrap_lines=True)


def nothing(text: str, *commands: Sequence[str]) -> None:
    """What stands where nothing was found: what would be here, and what to type to make it."""
    folder = store().root
    st.info(text)
    for words in commands:
        typed(*words)
    st.html(safe.paragraph(f"Looked for in {folder}.", "quiet"))


@contextmanager
def told() -> Iterator[None]:
    """Within the block, a known error is shown on the page, as text, and the rest of the page goes on."""
    try:
        yield
    except BindingMismatch as error:
        st.html(safe.paragraph(f"{error.what}. {error.right}, or tick: {ON_ANOTHER}.", "failed"))
    except EudaimonError as error:
        st.html(safe.paragraph(str(error), "failed"))
    except OSError as error:
        st.html(safe.paragraph(f"{error.filename or ''}: {error.strerror or error}", "failed"))


@st.cache_resource(ttl=LOOK_AGAIN, show_spinner="Looking through the folder")
def _found(folder: str) -> Store:
    return find(folder)


@st.cache_resource(ttl=LOOK_AGAIN, show_spinner=False)
def _labels(folder: str) -> dict[str, str]:
    return labels_of(_found(folder))


def counted(question: Callable[[], Answer], *key: Hashable) -> Answer:
    """What a question to files answers, asked again only for another ``key``: files, their age, a policy."""
    answer: Answer = _counted(key, question)
    return answer


@st.cache_data(max_entries=64, ttl=3600, show_spinner="Counting")
def _counted(key: tuple[Hashable, ...], _question: Callable[[], Any]) -> Any:
    return _question()


def studies_of(found: Found) -> tuple[StudyRecord, ...]:
    """The records of a study, read again only when its report was drawn anew; raises as `study_records`."""
    return _studies(found, stamp(found.path / SUMMARY))


def record_of(found: Found) -> EvaluationRecord | BatteryRecord | CardRecord:
    """The record in a folder of one, read again only when its file has changed; raises as `read_record`."""
    return _record(found, stamp(found.path / FILES[found.kind][0]))


@st.cache_resource(max_entries=16, show_spinner="Reading the records")
def _studies(found: Found, stamp: tuple[int, int]) -> tuple[StudyRecord, ...]:
    return study_records(found)


@st.cache_resource(max_entries=16, show_spinner="Reading the record")
def _record(found: Found, stamp: tuple[int, int]) -> EvaluationRecord | BatteryRecord | CardRecord:
    return read_record(found)


def stamp(path: Path) -> tuple[int, int]:
    """What changes when a file is written anew; zeros where there is none."""
    try:
        info = path.stat()
    except OSError:
        return 0, 0
    return info.st_mtime_ns, info.st_size


def _cell(value: Any) -> Any:
    return safe.name(value, LONGEST_CELL) if isinstance(value, str) and value else value


def _file(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:80] or "data"
