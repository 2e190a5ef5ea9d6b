"""Chats in the marks of a model's template: ChatML, Llama, Gemma and the others of ``roles.yaml``."""

from __future__ import annotations

import re
from functools import cache

from eudaimon.curate.voices.roles import chat_forms, role_names, role_of, role_turn
from eudaimon.curate.voices.turn import NARRATOR, Turn


def template_turns(text: str) -> list[Turn] | None:
    """The turns of a chat in template marks, in order, or None where no mark opens a turn.

    Text after a mark that ends a turn, and before any turn, is the narrator's.
    """
    if not any(first in text for first in _first_letters() if first[0] in text):
        return None
    turns: list[Turn] = []
    speaker: str | None = None
    done, opened = 0, False
    for match in _marks().finditer(text):
        _close(turns, done, match.start(), speaker)
        done = match.end()
        kind = match.lastgroup
        if kind == "close":
            speaker = None
        elif kind != "silent":
            speaker, opened = _role(match), True
    if not opened:
        return None
    _close(turns, done, len(text), speaker)
    return turns


def _close(turns: list[Turn], start: int, end: int, role: str | None) -> None:
    turns.append(Turn(start, end, NARRATOR) if role is None else role_turn(start, end, role))


def _role(match: re.Match[str]) -> str | None:
    if match["fixed"]:
        return next(form.role for form in chat_forms().templates if form.open == match["fixed"])
    return role_of(next(name for key, name in match.groupdict().items() if key.startswith("role") and name))


@cache
def _first_letters() -> frozenset[str]:
    """What every opening mark begins with: these are found ten times as fast as the marks."""
    return frozenset(form.open[:4] if form.role else form.open[:1] for form in chat_forms().templates)


@cache
def _marks() -> re.Pattern[str]:
    forms = chat_forms()
    names = "|".join(sorted(map(re.escape, role_names()), key=len, reverse=True))
    opening = []
    for index, form in enumerate(forms.templates):
        if form.role is None:
            before, _, after = form.open.partition("{role}")
            opening.append(f"{re.escape(before)}(?P<role{index}>(?i:{names}))(?![a-z]){re.escape(after)}")
    fixed = "|".join(re.escape(form.open) for form in forms.templates if form.role)
    closing = sorted({re.escape(mark) for form in forms.templates for mark in form.close})
    silent = "|".join(map(re.escape, forms.silent))
    # An outer group around each kind, so that ``lastgroup`` tells the kind of mark.
    return re.compile(
        f"(?P<open>{'|'.join(opening)})|(?P<fixed>{fixed})|(?P<close>{'|'.join(closing)})|(?P<silent>{silent})"
    )
