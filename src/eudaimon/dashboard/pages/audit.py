"""The audit queue: a person reads one segment after another and answers by buttons or by keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from eudaimon.curate.audit.session import BACK, SKIP, RatingSession
from eudaimon.curate.policy import Policy
from eudaimon.curate.rubric import rubric
from eudaimon.dashboard import safe
from eudaimon.dashboard.audit_queue import Queue, open_queue
from eudaimon.dashboard.pages import parts

RESERVED = "cr"
"""Keys that Streamlit keeps for itself."""


def rate(policies: Mapping[str, Policy]) -> None:
    """The part of the page in which a person rates."""
    found = parts.pick("Audit", parts.store().of("audit"), "audit")
    if found is None:
        parts.nothing(
            "No sample was drawn here yet. This draws one, which can then be rated here:",
            ("eudaimon", "curate", "audit", "SCORES", "--out", "runs/audit"),
        )
        return
    queue = open_queue(found, policies)
    rater = st.text_input("Your name, under which ratings are kept", key="rater", max_chars=80)
    if not rater.strip():
        st.info("Ratings are kept by name, so that raters can be compared and can go on another day.")
        _so_far(queue)
        return
    session = _session(queue, rater, found.name)
    n = len(queue.sample.items)
    st.progress(session.n_rated / max(n, 1), f"{session.n_rated:,} of {n:,} segments are rated by you")
    if session.done:
        st.success("All segments of this sample are rated. What they say of the corpus:")
        parts.typed("eudaimon", "curate", "audit", "SCORES", "--out", found.path)
        _so_far(queue)
        return
    left, right = st.columns(2)
    with left:
        _item(session)
    with right:
        _question(queue, session)
    with st.expander("What raters are told"):
        st.html(safe.paragraph(rubric(), "said"))


def _session(queue: Queue, rater: str, audit: str) -> RatingSession:
    """This browser's session of a rater; made anew from the disk for another rater or audit."""
    key = ("rating", audit, rater.strip(), queue.sample.plan.policy_hash, queue.sample.plan.seed)
    held = st.session_state.get("rating")
    if held is None or held[0] != key:
        held = (key, queue.session(rater))
        st.session_state["rating"] = held
    session: RatingSession = held[1]
    return session


def _item(session: RatingSession) -> None:
    item = session.item
    assert item is not None
    if item.voice:
        st.html(safe.paragraph(f"{item.voice} speaks", "quiet"))
    st.html(
        safe.paragraph(item.before, "quiet")
        + safe.paragraph(item.text or "", "marked")
        + safe.paragraph(item.after, "quiet")
    )


def _question(queue: Queue, session: RatingSession) -> None:
    question, place = session.question, _place(session)
    st.html(safe.paragraph(question.text, "lede"))
    # The style sheet lets these buttons break their lines: a rater needs all that an answer means.
    with st.container(key="answers"):
        for answer in question.answers:
            means = f": {safe.escaped(answer.means)}" if answer.means else ""
            label = f"**{safe.escaped(answer.name)}**{means}"
            _button(label, answer.key, (queue, session, answer.key, place), width="stretch")
    with st.container(horizontal=True):
        for label, key in (("Back", BACK), ("Skip", SKIP)):
            _button(label, key, (queue, session, key, place))
    failed = st.session_state.pop("rating-failed", "")
    if failed:
        st.html(safe.paragraph(failed, "failed"))


def _button(label: str, key: str, given: tuple[Queue, RatingSession, str, str], **how: Any) -> None:
    """A button that a key presses too, where Streamlit does not keep that key for itself."""
    shortcut = None if key in RESERVED else key
    shown = label if shortcut else f"{key} · {label}"
    # Made anew for each question, so that a click on one is no click on the next.
    st.button(shown, key=f"{given[-1]}-{key}", on_click=_press, args=given, shortcut=shortcut, **how)


def _press(queue: Queue, session: RatingSession, key: str, place: str) -> None:
    if place != _place(session):
        return  # a second click on a question that the first one has answered
    try:
        queue.press(session, key)
    except OSError as error:
        st.session_state["rating-failed"] = (
            f"This answer was not kept: {error.strerror or error}. It is asked again."
        )


def _place(session: RatingSession) -> str:
    return "done" if session.done else f"{session.place}-{len(session.answers)}-{session.question.axis}"


def _so_far(queue: Queue) -> None:
    rows = [{"rater": name, "rated or skipped": n} for name, n in queue.raters().items()]
    if rows:
        parts.grid(rows)
