"""What a corpus is made of: sources of a scored one, and the arms of a study's."""

from __future__ import annotations

import streamlit as st

from eudaimon.dashboard.arms import arm_rows, arm_sources
from eudaimon.dashboard.corpus import mixture, treated_record
from eudaimon.dashboard.pages import parts, scored
from eudaimon.dashboard.store import Found, Store
from eudaimon.report.words import count


def mix() -> None:
    """The part of the page on mixtures."""
    store = parts.store()
    scores, arms = store.of("scores"), store.of("arm")
    if not scores and not arms:
        scored.nothing_scored()
        return
    found = parts.pick("Corpus", scores, "scores")
    if found is not None:
        _sources(found)
    if arms:
        _arms(store, arms)


def _sources(found: Found) -> None:
    files, key = scored.files_of(found), scored.version(found)
    rows = parts.counted(lambda: mixture(files), "mixture", *key)
    names = ("documents", "segments", "characters")
    total = (f"{count(sum(int(row[name]) for row in rows))} {name}" for name in names)
    st.caption(f"{', '.join(total)}, counted in the files where they lie.")
    parts.grid(rows)
    parts.download(scored.as_table("mixture", rows), "mixture")
    policy = scored.policy("What this policy makes of it", "policy")
    decided = scored.decided_by(found, policy)
    record = parts.counted(
        lambda: treated_record(files, decided, f"{policy.name} on {found.name}"), "treated", policy.hash, *key
    )
    parts.figures(record, "treated", ["treated"])


def _arms(store: Store, arms: tuple[Found, ...]) -> None:
    st.subheader("Arms of studies", anchor=False)
    studies = [one for one in store.of("study") if store.within(one.path, "arm")]
    run = parts.pick("Run", studies, "arms-of")
    held = store.within(run.path, "arm") if run else arms
    rows = arm_rows(held)
    parts.grid(rows)
    parts.download(scored.as_table("arms", rows), "arms")
    one = parts.pick("Sources of one arm", held, "arm")
    if one is not None:
        parts.grid(arm_sources(one))
