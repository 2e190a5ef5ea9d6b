"""Spans that are taken out of a corpus, with the reasons: by rule, page by page, and one with its text."""

from __future__ import annotations

import streamlit as st

from eudaimon.dashboard import safe, spans
from eudaimon.dashboard.pages import parts, scored
from eudaimon.dashboard.store import Found
from eudaimon.dashboard.tables import Row

SHOWN = ("document", "source", "start", "end", "does", "rule", "reason")


def remove() -> None:
    """The part of the page on what is removed."""
    store = parts.store()
    found = parts.pick("Corpus", [*store.of("scores"), *store.of("applied")], "spans")
    if found is None:
        scored.nothing_scored()
    elif found.kind == "applied":
        _curated(found)
    else:
        _decided(found)


def _decided(found: Found) -> None:
    """A scored corpus: the spans on which a policy acts, whose texts lie in the corpus itself."""
    policy = scored.policy("Policy", "policy")
    decided = scored.decided_by(found, policy)
    key = (policy.hash, *scored.version(found))
    acting = parts.counted(lambda: spans.by_rule(decided), "rules", *key)
    if not acting:
        st.info("This policy leaves the whole corpus as it is.")
        return
    parts.grid(acting)
    parts.download(scored.as_table("rules", acting), "rules")
    left, right = st.columns(2)
    names = parts.counted(lambda: spans.sources(decided), "sources", *key)
    source = scored.or_all(left, "Source", names, "source")
    rule = scored.or_all(right, "Rule", [str(row["rule"]) for row in acting], "rule")
    wanted = spans.Wanted(source, rule)
    n = parts.counted(lambda: spans.count(decided, wanted), "count", source, rule, *key)
    first = scored.first_row(n, spans.PAGE, "spans-page")
    rows = spans.page(decided, wanted, first)
    parts.grid({name: row[name] for name in SHOWN} for row in rows)
    if rows:
        _text(found, rows, f"span-{source}-{rule}-{first}")


def _text(found: Found, rows: list[Row], key: str) -> None:
    chosen = st.selectbox(
        "Show the text of",
        range(len(rows)),
        index=None,
        key=key,
        placeholder="choose a span",
        format_func=lambda k: _place(rows[k]),
    )
    if chosen is not None:
        shown = spans.text_of(found, rows[chosen])
        st.html(
            safe.paragraph(shown.before, "quiet")
            + safe.paragraph(shown.text, "marked")
            + safe.paragraph(shown.after, "quiet")
        )


def _curated(found: Found) -> None:
    """A curated corpus: the pieces that were removed lie beside it with their text."""
    files = spans.removed_files(found)
    reasons = (
        parts.counted(lambda: spans.removed_by_reason(files), "removed", *scored.version(found))
        if files
        else []
    )
    if not reasons:
        st.info(
            "Nothing was taken out of this corpus. What its policy masks or tags is still in it: choose the "
            "corpus that was scored to see these spans."
        )
        return
    parts.grid(reasons)
    parts.download(scored.as_table("removed", reasons), "removed")
    readable = [row for row in reasons if row["kind"] != spans.UNREADABLE]
    rule = scored.or_all(st, "Rule", list(dict.fromkeys(str(row["rule"]) for row in readable)), "rule")
    n = sum(int(row["pieces"]) for row in readable if rule in (None, row["rule"]))
    first = scored.first_row(n, spans.PAGE, "removed-page")
    for row in spans.removed_page(files, rule, first):
        about = f"{row['id']} [{row['start']}, {row['end']}) {row['kind']}: {row['why']}"
        st.html(safe.paragraph(about, "quiet") + safe.paragraph(str(row["text"]), "marked"))


def _place(row: Row) -> str:
    end = "end" if row["end"] is None else row["end"]
    return safe.name(f"{row['document']} [{row['start']}, {end})")
