"""The original text again: what was kept and what was removed, woven together."""

from __future__ import annotations

from eudaimon.core.errors import EudaimonError
from eudaimon.core.identity import short_hash
from eudaimon.curate.apply import Applied


class TextLost(EudaimonError):
    """Kept and removed text do not make up the original: one of them was changed or is missing."""


def restore(applied: Applied) -> str:
    """The original text, byte for byte; raises `TextLost` when it does not come out.

    Inserted text is left out, and removed text comes back to its place in the original.
    """
    kept, done = "", 0
    for piece in sorted(applied.inserted, key=lambda piece: piece.start):
        kept += applied.text[done : piece.start]
        done = piece.end
    kept += applied.text[done:]
    text, used = "", 0
    for gone in sorted(applied.removed, key=lambda piece: (piece.start, piece.end)):
        until = used + gone.start - len(text)
        if until < used or until > len(kept):
            raise _lost(applied, f"the text removed from {gone.start} on has no place")
        text += kept[used:until] + gone.text
        used = until
    text += kept[used:]
    if short_hash(text) != applied.text_hash:
        raise _lost(applied, "kept and removed text together are another text")
    return text


def _lost(applied: Applied, what: str) -> TextLost:
    return TextLost(
        f"document {applied.id} cannot be restored: {what}",
        right="the kept text and all removed pieces of one run, unchanged",
    )
