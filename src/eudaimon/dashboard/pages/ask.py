"""Ask: what a monitor reads in a text, token by token, and a conversation with a watched model."""

from __future__ import annotations

import streamlit as st

from eudaimon.chat.settings import Settings
from eudaimon.core.errors import UsageError
from eudaimon.core.text import Text
from eudaimon.dashboard import safe
from eudaimon.dashboard.asking import Asked, Choice, open_asked
from eudaimon.dashboard.pages import parts
from eudaimon.dashboard.pages.maps import choose_map, show_map
from eudaimon.dashboard.pages.talk import talk
from eudaimon.dashboard.reading import bound_words, pushed, text_of, verdict_words
from eudaimon.dashboard.store import Store
from eudaimon.models.folder import PACKAGED
from eudaimon.monitor.explained import Explanation, Neighbour
from eudaimon.monitor.explanation import explain
from eudaimon.monitor.monitor import Monitor
from eudaimon.monitor.verdict import Verdict
from eudaimon.report.tables import Table

READ, TALK = "Read a text", "Talk"
NONE = "none"
HELP = "A query as it is, or a conversation: lines that begin with `user:` and `assistant:`."


def show() -> None:
    """The page."""
    parts.heading("Ask", "What a text does inside a model, and what the model answers under which adapters.")
    store = parts.store()
    with parts.told():
        choice = _choose(store)
        asked: Asked | None = st.session_state.get("asked")
        if asked is None or asked.choice != choice:
            _open(store, choice)
            return
        if asked.choice.force:
            st.caption("Forced onto this stack: no stated error rate holds.")
        for reason in asked.held_back:
            why = reason.partition(" Try: --force")[0]
            st.html(
                safe.paragraph(
                    f"The monitor gives no score here: {why} Or tick: {parts.ON_ANOTHER}.", "failed"
                )
            )
        doing = st.segmented_control("What to do", (READ, TALK), default=READ, key="doing") or READ
        if doing == TALK:
            talk(asked, store)
        else:
            _read(asked, store)


def _choose(store: Store) -> Choice:
    """What is chosen in the form: names out of the store."""
    with st.expander("Who is asked, and who watches", expanded="asked" not in st.session_state):
        model = parts.pick(
            "Model", store.of("model"), "model", none=f"{PACKAGED} (packaged; it reads and cannot answer)"
        )
        known = {one.name: one for one in store.of("adapter")}
        names = st.multiselect("Adapters, in order", list(known), key="adapters", format_func=parts.called)
        monitor = parts.pick("Monitor", store.of("monitor"), "monitor", none=NONE)
        steering = parts.pick("Steering", store.of("directions"), "steering", none=NONE) if model else None
        strength = None
        if steering is not None:
            strength = st.number_input(
                "Strength in residual-stream units; empty: what half a nat on everyday prompts allows",
                value=None, key="strength", format="%.3f",
            )  # fmt: skip
        force = st.checkbox(parts.ON_ANOTHER, key="force")
    return Choice(
        model, tuple(known[name] for name in names if name in known), monitor, steering, strength, force
    )


def _open(store: Store, choice: Choice) -> None:
    if not store.of("model", "monitor"):
        parts.nothing(
            "There is no model and no monitor here yet. The first study raises both in a few minutes:",
            ("eudaimon", "quickstart"),
        )
    st.caption("Loading takes some seconds. What is loaded stays in memory until something else is.")
    # Not called Open, as the arrows of the lists above are to a screen reader.
    if st.button("Load", type="primary", key="open"):
        st.session_state.pop("asked", None)
        with st.spinner("Loading"):
            st.session_state["asked"] = open_asked(choice, Settings(max_new_tokens=128))
        st.rerun()


def _read(asked: Asked, store: Store) -> None:
    written = st.text_area("Text", key="text", height=140, help=HELP, max_chars=100_000)
    along = choose_map(asked, store)
    if not st.button("Read", type="primary", key="read") and "read-text" not in st.session_state:
        return
    if not written.strip():
        st.info("Type a text first.")
        return
    st.session_state["read-text"] = True
    text = text_of(written)
    with parts.told(), st.spinner("Reading"):
        if asked.monitor is not None:
            _explained(text, explain(asked.monitor, text), asked.monitor)
        elif along is None:
            raise UsageError(
                "nothing reads this text", right="a monitor, or a file of directions", do="choose one above"
            )
        if along is not None:
            show_map(asked, along, text)


def _explained(text: Text, found: Explanation, monitor: Monitor) -> None:
    _verdict(found.verdict, monitor)
    largest = max((abs(token.push) for token in found.tokens), default=0.0)
    st.html(safe.coloured(pushed(text, found.tokens), largest))
    st.caption(
        "Each token by what the score loses without it: red pushes towards danger, blue away; strong ones "
        "are underlined."
    )
    rows = [{"token": t.text, "push": t.push, "start": t.start, "end": t.end} for t in found.tokens]
    with st.expander("Tokens, layers, dimensions and nearest training examples as tables"):
        parts.grid(rows)
        parts.download(
            Table(
                "tokens",
                ("token", "push", "start", "end"),
                tuple((t.text, t.push, t.start, t.end) for t in found.tokens),
            ),
            "tokens",
        )
        parts.grid(layer.model_dump() for layer in found.layers)
        parts.grid(one.model_dump() for one in found.dimensions)
        parts.grid(_neighbour(one) for one in (*found.nearest_harmful, *found.nearest_safe))


def _neighbour(one: Neighbour) -> dict[str, object]:
    return {
        "label": "harmful" if one.harmful else "safe",
        "similarity": one.similarity,
        "source": one.source,
        "text": one.text,
    }


def _verdict(verdict: Verdict, monitor: Monitor) -> None:
    words = verdict_words(verdict, monitor.threshold)
    st.html(safe.paragraph(words, "lede" if verdict.safe else "failed"))
    st.html(safe.paragraph(bound_words(monitor.threshold), "quiet"))
