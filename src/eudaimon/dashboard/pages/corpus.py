"""Corpus: what it is made of, what a policy does with it, how two policies differ, an audit's queue."""

from __future__ import annotations

import streamlit as st

from eudaimon.dashboard.decisions import policies
from eudaimon.dashboard.pages import parts
from eudaimon.dashboard.pages.audit import rate
from eudaimon.dashboard.pages.diff import differ
from eudaimon.dashboard.pages.mixture import mix
from eudaimon.dashboard.pages.removed import remove

PARTS = ("Mixture", "Removed spans", "Policy diff", "Audit queue", "Cards")


def show() -> None:
    """The page."""
    parts.heading(
        "Corpus", "What models learn from: which voices, what a policy takes out, and what people say of it."
    )
    part = st.segmented_control("Part", PARTS, default=PARTS[0], key="corpus-part") or PARTS[0]
    with parts.told():
        if part == "Mixture":
            mix()
        elif part == "Removed spans":
            remove()
        elif part == "Policy diff":
            differ()
        elif part == "Audit queue":
            rate(policies(parts.store()))
        else:
            _cards()


def _cards() -> None:
    found = parts.pick("Card", parts.store().of("card"), "card")
    if found is None:
        parts.nothing(
            "No data safety card was drawn here yet:",
            ("eudaimon", "curate", "card", "SCORES", "--out", "runs/card"),
        )
        return
    record = parts.record_of(found)
    parts.figures(record, "card")
    with st.expander("All tables of this card"):
        parts.tables(record, "card")
