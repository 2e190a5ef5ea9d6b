"""A conversation with a watched model: answers as they are made, verdicts, and drift answer by answer."""

from __future__ import annotations

import streamlit as st

from eudaimon.chat.turn import Turn
from eudaimon.dashboard import safe
from eudaimon.dashboard.asking import Asked
from eudaimon.dashboard.drifting import bound_words, bounds_of, drift_of, followed, reached
from eudaimon.dashboard.pages import parts
from eudaimon.dashboard.reading import verdict_words
from eudaimon.dashboard.store import Found, Store
from eudaimon.monitor.guard_calibration import Calibration
from eudaimon.report.figures.drift import drift
from eudaimon.report.tables import Table
from eudaimon.report.words import plural
from eudaimon.vectors.conversion import read_directions
from eudaimon.vectors.direction import Direction


def talk(asked: Asked, store: Store) -> None:
    """The part of the page in which a model is talked with."""
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
        for what, one in told:
            if one is not None:
                words = f"{what}: {verdict_words(one, asked.monitor.threshold)}"
                st.html(safe.paragraph(words, "quiet" if one.safe else "failed"))


def _drift(asked: Asked, store: Store) -> None:
    found = parts.pick("Drift along", store.of("directions"), "drift", none="no direction")
    if found is None:
        return
    with parts.told(), st.spinner("Reading the answers"):
        direction = followed(read_directions(found.path))
        scores = drift_of(asked, direction)
        made = _bound(asked, direction, found, store)
        bound = made.drift if made is not None else None
        lines = {"this conversation": scores}
        wide, narrow = (
            drift(lines, bound=bound, whence="harmless answers", narrow=each) for each in (False, True)
        )
        over = reached(scores, bound) if bound is not None else ()
        rows = tuple(
            (turn, score.value, bound, turn in over if bound is not None else None)
            for turn, score in enumerate(scores, start=1)
        )
        data = Table("drift", ("answer", "projection", "bound", "reached"), rows)
        parts.drawing(wide, narrow, "Projection after each answer", "drift-figure", data)
        if made is not None:
            _alert(over, made)
        told = (
            f"{plural(len(scores), 'answer')}, each the mean over its own tokens, projected on the direction "
            f"from {direction.classes[0]} to {direction.classes[1]} at layer {direction.site}, in "
            "residual-stream units: higher is more like the second."
        )
        st.html(safe.paragraph(told, "quiet"))


def _bound(asked: Asked, direction: Direction, found: Found, store: Store) -> Calibration | None:
    """The calibration that bounds the drift along a direction, or None, and then what to type for one."""
    known = bounds_of(asked, direction, store.of("calibration"))
    for reason in known.refused:
        st.html(safe.paragraph(reason, "failed"))
    if not known.found:
        st.caption("No harmless answers have set a bound along this direction on this model. To set one:")
        model = asked.choice.model.path if asked.choice.model is not None else "MODEL"
        monitor = asked.choice.monitor.path if asked.choice.monitor is not None else "FILE"
        parts.typed(
            "eudaimon", "monitor", "calibrate", model, "--monitor", monitor, "--chats", "HARMLESS.jsonl",
            "--direction", found.path, "--out", store.root / "guard.json",
        )  # fmt: skip
        return None
    chosen = parts.pick("Bound of", [one for one, _ in known.found], "bound")
    return next(made for one, made in known.found if one is chosen)


def _alert(over: tuple[int, ...], made: Calibration) -> None:
    if over:
        which = ", ".join(map(str, over))
        what = "answer" if len(over) == 1 else "answers"
        said = f"Alert: {what} {which} of this conversation drifted past the bound."
        st.html(safe.paragraph(said, "failed"))
    st.html(safe.paragraph(bound_words(made), "quiet"))
