"""Chats with a role before every turn: ``Human:``, ``Assistant:``, or ``USER: ... ASSISTANT: ...``."""

from __future__ import annotations

import re
from collections.abc import Sequence

from eudaimon.curate.voices.labels import Label
from eudaimon.curate.voices.roles import role_of, role_turn
from eudaimon.curate.voices.turn import NARRATOR, Turn

# On one line a role is told from a word by its capitals.
_INLINE = re.compile(r"(?:</s>)?(?<![\w:])(USER|ASSISTANT|SYSTEM):[ \t]?")


def chat_turns(text: str, found: Sequence[Label]) -> list[Turn] | None:
    """The turns of a chat whose labels were found, or None unless it has a user and an assistant.

    One label at the beginning of the text is enough: a prompt without an answer. Where turns are set apart by
    blank lines, a label without one is part of what is said.
    """
    roles = [(label.start, label.end, role) for label in found if (role := role_of(label.name))]
    names = {role for _, _, role in roles}
    if len(names & {"user", "assistant"}) < 2 and (inline := _inline(text)):
        roles, names = inline, {role for _, _, role in inline}
    if not roles:
        return None
    first = not text[: roles[0][0]].strip()
    if names >= {"user", "assistant"}:
        if not first and len(found) > 2 * len(roles):
            return None
    elif not (names & {"user", "assistant"} and first and len(found) == len(roles)):
        return None
    apart = [entry for entry in roles if not entry[0] or text.endswith(("\n\n", "\n\r\n"), 0, entry[0])]
    if {role for _, _, role in apart} >= {"user", "assistant"} and apart[0] == roles[0]:
        roles = apart
    turns = [Turn(0, roles[0][0], NARRATOR)]
    ends = [start for start, _, _ in roles[1:]] + [len(text)]
    return turns + [role_turn(start, end, role) for (_, start, role), end in zip(roles, ends, strict=True)]


def _inline(text: str) -> list[tuple[int, int, str]]:
    """Roles in capitals anywhere in a text that has both a user's and an assistant's."""
    if "USER:" not in text or "ASSISTANT:" not in text:
        return []
    return [(match.start(), match.end(), match[1].lower()) for match in _INLINE.finditer(text)]
