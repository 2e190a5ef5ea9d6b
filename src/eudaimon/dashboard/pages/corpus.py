"""Corpus: what it is made of, what a policy does with it, how two policies differ, an audit's queue."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from eudaimon.curate.decided import score_files
from eudaimon.curate.policy import Policy
from eudaimon.dashboard import safe, spans
from eudaimon.dashboard.arms import arm_rows, arm_sources
from eudaimon.dashboard.corpus import mixture, treated_record
from eudaimon.dashboard.decisions import decide, policies
from eudaimon.dashboard.pages import parts
from eudaimon.dashboard.pages.audit import rate
from eudaimon.dashboard.policy_diff import PAGE, changed_page, policy_diff
from eudaimon.dashboard.store import Found
from eudaimon.dashboard.tables import Row
from eudaimon.report.tables import Table
from eudaimon.report.words import count

PARTS = ("Mixture", "Removed spans", "Policy diff", "Audit queue", "Cards")
EVERY = "all"


def show() -> None:
    """The page."""
    parts.heading(
        "Corpus", "What models learn from: which voices, what a policy takes out, and what people say of it."
    )
    part = st.segmented_control("Part", PARTS, default=PARTS[0], key="part") or PARTS[0]
    with parts.told():
        if part == "Mixture":
            _mixture()
        elif part == "Removed spans":
            _spans()
        elif part == "Policy diff":
            _diff()
        elif part == "Audit queue":
            rate(policies(parts.store()))
        else:
            _cards()


def _mixture() -> None:
    store = parts.store()
    scores, arms = store.of("scores"), store.of("arm")
    if not scores and not arms:
        _nothing_scored()
        return
    found = parts.pick("Corpus", scores, "scores")
    if found is not None:
        rows = _mixed(found)
        total = {
            name: sum(int(row[name]) for row in rows) for name in ("documents", "segments", "characters")
        }
        st.caption(", ".join(f"{count(n)} {name}" for name, n in total.items()) + ", read where they lie.")
        parts.grid(rows)
        parts.download(_as_table("mixture", rows), "mixture")
        policy = _policy("Policy", "policy")
        with st.spinner("Deciding"):
            record = treated_record(
                score_files(found.path), decide(found, policy), f"{policy.name} on {found.name}"
            )
        parts.figures(record, "treated", ["treated"])
    if arms:
        st.subheader("Arms of studies", anchor=False)
        run = parts.pick("Run", [one for one in store.of("study") if store.within(one.path, "arm")], "run")
        held = store.within(run.path, "arm") if run else arms
        rows = arm_rows(held)
        parts.grid(rows)
        parts.download(_as_table("arms", rows), "arms")
        one = parts.pick("Sources of one arm", held, "arm")
        if one is not None:
            parts.grid(arm_sources(one))


def _spans() -> None:
    store = parts.store()
    found = parts.pick("Corpus", store.of("scores", "applied"), "spans")
    if found is None:
        _nothing_scored()
        return
    if found.kind == "applied":
        _removed(found)
        return
    policy = _policy("Policy", "policy")
    with st.spinner("Deciding"):
        decided = decide(found, policy)
    acting = spans.by_rule(decided)
    if not acting:
        st.info("This policy leaves the whole corpus as it is.")
        return
    parts.grid(acting)
    parts.download(_as_table("rules", acting), "rules")
    left, right = st.columns(2)
    source = _or_all(left, "Source", spans.sources(decided), "source")
    rule = _or_all(right, "Rule", [str(row["rule"]) for row in acting], "rule")
    wanted = spans.Wanted(source, rule)
    first = _page_of(spans.count(decided, wanted), spans.PAGE, "spans-page")
    rows = spans.page(decided, wanted, first)
    parts.grid(
        {name: row[name] for name in ("document", "source", "start", "end", "does", "rule", "reason")}
        for row in rows
    )
    if not rows:
        return
    chosen = st.selectbox(
        "Show the text of", range(len(rows)), index=None, key=f"span-{first}", placeholder="choose a span",
        format_func=lambda k: _place(rows[k]),
    )  # fmt: skip
    if chosen is not None:
        shown = spans.text_of(found, rows[chosen])
        st.html(
            safe.paragraph(shown.before, "quiet")
            + safe.paragraph(shown.text, "marked")
            + safe.paragraph(shown.after, "quiet")
        )


def _removed(found: Found) -> None:
    """A curated corpus: the pieces that were removed lie beside it with their text."""
    files = spans.removed_files(found)
    if not files:
        st.info("Nothing was removed from this corpus.")
        return
    reasons = spans.removed_by_reason(files)
    parts.grid(reasons)
    parts.download(_as_table("removed", reasons), "removed")
    rule = _or_all(st, "Rule", list(dict.fromkeys(str(row["rule"]) for row in reasons)), "rule")
    n = sum(
        int(row["pieces"]) for row in reasons if row["kind"] != "unreadable" and rule in (None, row["rule"])
    )
    first = _page_of(n, spans.PAGE, "removed-page")
    for row in spans.removed_page(files, rule, first):
        st.html(
            safe.paragraph(f"{row['id']} [{row['start']}, {row['end']}) {row['kind']}: {row['why']}", "quiet")
            + safe.paragraph(str(row["text"]), "marked")
        )


def _diff() -> None:
    found = parts.pick("Corpus", parts.store().of("scores"), "scores")
    if found is None:
        _nothing_scored()
        return
    left, right = st.columns(2)
    with left:
        one = _policy("Before", "before")
    with right:
        two = _policy("After", "after", 1)
    with st.spinner("Deciding"):
        before, after = decide(found, one), decide(found, two)
        told = policy_diff(before, after)
    st.html(
        safe.paragraph(
            f"{told.n_changed:,} of {told.n_documents:,} documents are treated differently by {two.name} "
            f"than by {one.name}.",
            "lede",
        )
    )
    st.caption("Documents by what becomes of them")
    parts.grid(told.outcomes)
    st.caption("Characters of kept documents by what is done with them")
    parts.grid(told.actions)
    st.caption("Documents that change, by source")
    parts.grid(told.sources)
    parts.download(_as_table("policy-diff", list(told.sources)), "diff")
    st.subheader("Documents that change", anchor=False)
    first = _page_of(told.n_changed, PAGE, "diff-page")
    parts.grid(changed_page(before, after, first))
    st.caption("What each change means in tokens, with examples in their words:")
    parts.typed("eudaimon", "curate", "diff", one.name, two.name, "--scores", found.path)


def _cards() -> None:
    found = parts.pick("Card", parts.store().of("card"), "card")
    if found is None:
        parts.nothing(
            ("card",),
            "No data safety card was drawn here yet:",
            ("eudaimon", "curate", "card", "SCORES", "--out", "runs/card"),
        )
        return
    record = parts.record_of(found)
    parts.figures(record, "card")
    with st.expander("All tables of this card"):
        parts.tables(record, "card")


def _place(row: Row) -> str:
    return safe.name(f"{row['document']} [{row['start']}, {row['end'] or 'end'})")


def _policy(label: str, key: str, place: int = 0) -> Policy:
    known = policies(parts.store())
    names = list(known)
    return known[st.selectbox(label, names, index=min(place, len(names) - 1), key=key, format_func=safe.name)]


def _or_all(where: Any, label: str, names: list[str], key: str) -> str | None:
    options: list[str | None] = [None, *names]
    chosen: str | None = where.selectbox(
        label, options, key=key, format_func=lambda one: EVERY if one is None else safe.name(one)
    )
    return chosen


def _page_of(n: int, each: int, key: str) -> int:
    """The number of the first row of the page that is looked at."""
    pages = max(1, -(-n // each))
    if pages == 1:
        return 0
    number = st.number_input(f"Page (1 to {pages:,}, {n:,} rows)", 1, pages, 1, key=key)
    return (int(number) - 1) * each


def _nothing_scored() -> None:
    parts.nothing(
        ("scores",),
        "No corpus was scored here yet, and no study has made one. To score one, or to make a small town's:",
        ("eudaimon", "curate", "score", "FILES", "--out", "runs/scores"),
        ("eudaimon", "quickstart"),
    )


def _as_table(name: str, rows: list[Row]) -> Table:
    header = tuple(rows[0]) if rows else ()
    return Table(name, header, tuple(tuple(row[key] for key in header) for row in rows))


@st.cache_data(max_entries=8, ttl=600, show_spinner="Counting")
def _counted(name: str, files: tuple[str, ...], stamp: float) -> list[Row]:
    return mixture([Path(file) for file in files])


def _mixed(found: Found) -> list[Row]:
    files = score_files(found.path)
    return _counted(found.name, tuple(map(str, files)), max(file.stat().st_mtime for file in files))
