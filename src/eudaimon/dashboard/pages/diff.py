"""Two policies on one corpus, side by side."""

from __future__ import annotations

import streamlit as st

from eudaimon.dashboard import safe
from eudaimon.dashboard.pages import parts, scored
from eudaimon.dashboard.policy_diff import PAGE, changed_page, policy_diff

STRICTER = "strict"


def differ() -> None:
    """The part of the page on the difference of two policies."""
    found = parts.pick("Corpus", parts.store().of("scores"), "scores")
    if found is None:
        scored.nothing_scored()
        return
    left, right = st.columns(2)
    with left:
        one = scored.policy("Before", "before")
    with right:
        two = scored.policy("After", "after", STRICTER)
    before, after = scored.decided_by(found, one), scored.decided_by(found, two)
    key = (one.hash, two.hash, *scored.version(found))
    told = parts.counted(lambda: policy_diff(before, after), "diff", *key)
    said = (
        f"{told.n_changed:,} of {told.n_documents:,} documents are treated differently by {two.name} "
        f"than by {one.name}."
    )
    st.html(safe.paragraph(said, "lede"))
    st.caption("Documents by what becomes of them")
    parts.grid(told.outcomes)
    st.caption("Characters of kept documents by what is done with them")
    parts.grid(told.actions)
    st.caption("Documents that change, by source")
    parts.grid(told.sources)
    parts.download(scored.as_table("policy-diff", list(told.sources)), "diff")
    st.subheader("Documents that change", anchor=False)
    parts.grid(changed_page(before, after, scored.first_row(told.n_listed, PAGE, "diff-page")))
    st.caption("What each change means in tokens, with examples in their words:")
    parts.typed("eudaimon", "curate", "diff", one.name, two.name, "--scores", found.path)
