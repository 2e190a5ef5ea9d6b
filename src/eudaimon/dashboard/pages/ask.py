"""Ask: what a monitor reads in a text, token by token, and a conversation with a watched model."""

from __future__ import annotations

import html

import plotly.graph_objects as go
import streamlit as st

from eudaimon.chat.settings import Settings
from eudaimon.chat.turn import Turn
from eudaimon.core.errors import UsageError
from eudaimon.core.text import Text
from eudaimon.dashboard import safe
from eudaimon.dashboard.asking import Asked, Choice, drift_of, open_asked
from eudaimon.dashboard.pages import parts
from eudaimon.dashboard.reading import (
    Heat,
    bound_words,
    direction_heat,
    probe_heat,
    pushed,
    text_of,
    verdict_words,
)
from eudaimon.dashboard.store import Found, Store
from eudaimon.models.folder import PACKAGED
from eudaimon.monitor.explained import Explanation, Neighbour
from eudaimon.monitor.explanation import explain
from eudaimon.monitor.monitor import Monitor
from eudaimon.monitor.verdict import Verdict
from eudaimon.report.figures.drift import drift
from eudaimon.report.tables import Cell, Table
from eudaimon.report.words import plural
from eudaimon.vectors.conversion import read_directions

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
            st.html(safe.paragraph(f"The monitor gives no score here: {reason}", "failed"))
        doing = st.segmented_control("What to do", (READ, TALK), default=READ, key="doing") or READ
        if doing == TALK:
            _talk(asked, store)
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
        force = st.checkbox(
            "Use monitor and directions on another stack than theirs; their error rates do not hold there",
            key="force",
        )
    return Choice(
        model, tuple(known[name] for name in names if name in known), monitor, steering, strength, force
    )


def _open(store: Store, choice: Choice) -> None:
    if not store.of("model", "monitor"):
        parts.nothing(
            "There is no model and no monitor here yet. The first study raises both in a few minutes:",
            ("eudaimon", "quickstart"),
        )
    st.caption("A model is loaded when it is opened, and stays in memory until another one is.")
    if st.button("Open", type="primary", key="open"):
        st.session_state.pop("asked", None)
        with st.spinner("Loading"):
            st.session_state["asked"] = open_asked(choice, Settings(max_new_tokens=128))
        st.rerun()


def _read(asked: Asked, store: Store) -> None:
    written = st.text_area("Text", key="text", height=140, help=HELP, max_chars=100_000)
    directions = parts.pick(
        "Directions for the map of layers and tokens",
        store.of("directions"),
        "map",
        none="the monitor's probes",
    )
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
        elif directions is None:
            raise UsageError(
                "nothing reads this text", right="a monitor, or a file of directions", do="choose one above"
            )
        _map(asked, directions, text)


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


def _map(asked: Asked, directions: Found | None, text: Text) -> None:
    model, monitor, force = asked.model, asked.monitor, asked.choice.force
    if directions is not None:
        heat = direction_heat(model, read_directions(directions.path), text, force=force)
    elif monitor is not None:
        heat = probe_heat(monitor, text)
    else:
        return
    if not heat.tokens:
        st.caption("No token of this text is read.")
        return
    st.plotly_chart(_heat(heat), width="stretch", key="heat", config={"displayModeBar": False})
    st.caption(
        f"Layer by token, in {heat.unit}; pooled over the text they make the score, alone they only rank."
    )
    header = ("layer", *(f"{k} {token}" for k, token in enumerate(heat.tokens)))
    rows: list[tuple[Cell, ...]] = [
        (layer, *row) for layer, row in zip(heat.layers, heat.values.tolist(), strict=True)
    ]
    with st.expander("The map as a table"):
        parts.table(Table("layer-by-token", header, tuple(rows)), "map")


def _heat(heat: Heat) -> go.Figure:
    largest = float(abs(heat.values).max()) or 1.0
    # plotly reads some HTML in labels and tooltips.
    tokens = [html.escape(safe.name(token, 24)) for token in heat.tokens]
    drawn = go.Figure(
        go.Heatmap(
            z=heat.values.tolist(),
            x=list(range(len(tokens))),
            y=[html.escape(layer) for layer in heat.layers],
            text=[tokens] * len(heat.layers),
            hovertemplate="%{text}<br>layer %{y}: %{z:.3f}<extra></extra>",
            zmin=-largest,
            zmax=largest,
            colorscale=[[0, "#2b86b5"], [0.5, "rgba(140,140,150,0.12)"], [1, "#c4442c"]],
        )
    )
    drawn.update_layout(height=120 + 34 * len(heat.layers), margin={"l": 10, "r": 10, "t": 10, "b": 10})
    drawn.update_yaxes(type="category")
    step = max(1, -(-len(tokens) // 40))
    drawn.update_xaxes(tickvals=list(range(0, len(tokens), step)), ticktext=tokens[::step], tickangle=-60)
    return drawn


def _talk(asked: Asked, store: Store) -> None:
    chat = asked.chat
    if chat is None:
        st.info("This model reads and cannot answer. Choose a model that a study has raised, and open it.")
        return
    with st.expander("How answers are drawn"):
        left, right = st.columns(2)
        temperature = left.number_input(
            "Temperature (0 takes the likeliest token)", 0.0, 5.0, 0.7, key="temperature"
        )
        longest = right.number_input("Longest answer in tokens", 1, 4096, 128, key="longest")
        seed = left.number_input("Seed", 0, 2**31 - 1, 0, key="seed")
        system = right.text_area("System prompt", key="system", height=68, max_chars=20_000)
    chat.change(
        temperature=float(temperature),
        max_new_tokens=int(longest),
        seed=int(seed),
        system=system.strip() or None,
    )
    for turn in chat.turns:
        _turn(turn, asked)
    question = st.chat_input("Ask the model", key="question", max_chars=100_000)
    if question:
        _answer(asked, question)
    if chat.turns:
        _drift(asked, store)
        if st.button("Start anew", key="reset"):
            chat.reset()
            st.rerun()


def _answer(asked: Asked, question: str) -> None:
    assert asked.chat is not None
    st.html(safe.paragraph(question, "asked"))
    place, heard = st.empty(), [""]

    def hear(piece: str) -> None:
        heard[0] += piece
        place.html(safe.paragraph(heard[0], "answered"))

    turn = asked.chat.say(question, hear)
    place.html(safe.paragraph(turn.answer or "(nothing)", "answered"))
    _verdicts(turn, asked)


def _turn(turn: Turn, asked: Asked) -> None:
    st.html(safe.paragraph(turn.question, "asked") + safe.paragraph(turn.answer or "(nothing)", "answered"))
    _verdicts(turn, asked)


def _verdicts(turn: Turn, asked: Asked) -> None:
    if asked.monitor is not None:
        told = [("Question", turn.query), ("Answer", turn.verdict)]
        words = [
            f"{what}: {verdict_words(one, asked.monitor.threshold)}" for what, one in told if one is not None
        ]
        st.html(safe.paragraph("\n".join(words), "quiet"))


def _drift(asked: Asked, store: Store) -> None:
    found = parts.pick("Drift along", store.of("directions"), "drift", none="no direction")
    if found is None:
        return
    directions = read_directions(found.path)
    lines = {"this conversation": drift_of(asked, directions)}
    parts.drawing(drift(lines), drift(lines, narrow=True), "Projection after each answer", "drift-figure")
    toward = directions.directions[0].classes[1]
    st.html(
        safe.paragraph(
            f"{plural(len(lines['this conversation']), 'answer')}, projected on the direction towards "
            f"{toward}, in residual-stream units. A bound comes from benign conversations: "
            "`eudaimon.evaluate.drift` calibrates one.",
            "quiet",
        )
    )
