"""A person rates at the terminal: one segment in its context, one key for each answer."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from eudaimon.cli.output import console, one_line, print_line

if TYPE_CHECKING:
    from eudaimon.curate.audit.questions import Question
    from eudaimon.curate.audit.records import AuditItem
    from eudaimon.curate.audit.session import RatingSession
    from eudaimon.curate.policy import Policy

WIDTH = 100
KEYS = "b back, s skip, h help, q quit"
ENDS = ("\x03", "\x04", "")
"""Keys that end a session too: interrupt, end of input."""


def rate_at_terminal(items: Sequence[AuditItem], policy: Policy, rater: str, path: Path) -> RatingSession:
    """Ask until all items are rated or the rater quits; every rating is on disk before the next question."""
    from eudaimon.curate.audit.session import HELP, QUIT, RatingSession

    session = RatingSession(items, policy, rater, path)
    shown = None
    while not session.done:
        if session.item is not shown:
            shown = session.item
            _show_item(session)
        question = session.question
        _show_question(question)
        key = _key()
        if key in ENDS:
            key = QUIT
        if key == HELP:
            _show_rubric()
            shown = None
        elif told := session.press(key):
            print_line({"first item": "This is the first segment."}.get(told, f"{key!r} is no answer."))
    print_line(f"{session.n_rated} of {len(items)} segments are rated by {rater}; the rest can wait.")
    return session


def _show_item(session: RatingSession) -> None:
    from rich.text import Text

    item = session.item
    assert item is not None
    print_line("")
    voice = f", {one_line(item.voice, 40)} speaks" if item.voice else ""
    print_line(f"Segment {session.n_rated + 1} of {len(session.items)}{voice}. {KEYS}.", "dim")
    text = Text(_printable(item.before), style="dim")
    text.append(">>> ", "bold").append(_printable(item.text or ""), "bold").append(" <<<", "bold")
    text.append(_printable(item.after), "dim")
    console().print(text, width=min(WIDTH, console().width))


def _show_question(question: Question) -> None:
    print_line("")
    for line in textwrap.wrap(question.text, WIDTH):
        print_line(line, "bold")
    for answer in question.answers:
        lines = textwrap.wrap(f"{answer.name}: {answer.means}" if answer.means else answer.name, WIDTH - 6)
        print_line(f"  {answer.key}  {lines[0]}")
        for line in lines[1:]:
            print_line(f"     {line}")


def _show_rubric() -> None:
    from eudaimon.curate.rubric import rubric

    for line in rubric().splitlines():
        print_line(line)


def _key() -> str:
    """One key; a line's first character where there is no terminal, so that input can come from a file."""
    try:
        key = typer.getchar()
    except (EOFError, KeyboardInterrupt):
        return ""
    return key if key in ENDS else key.strip().lower() or " "


def _printable(text: str) -> str:
    """The text without what would steer a terminal."""
    return "".join(sign if sign.isprintable() or sign == "\n" else " " for sign in text)
