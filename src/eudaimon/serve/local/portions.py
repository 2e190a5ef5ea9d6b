"""What a monitor reads of a text, as tokens: the parts of `Monitor.check`, each with a key."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from eudaimon.core import Text
from eudaimon.models.model import Model
from eudaimon.models.prompts import Prompt
from eudaimon.monitor.reading import Reads, parts_of, prompts_of, refusal


@dataclass(frozen=True, eq=False)
class Portion:
    """One part as tokens; two of the same ``key`` are read alike, wherever they stand."""

    key: bytes
    prompt: Prompt
    note: str


class Unreadable(Exception):
    """A text that is never read and never passes, such as an empty one; the message says why."""


def portions(
    text: Text, model: Model, window_tokens: int, max_characters: int, reads: Reads = "text"
) -> tuple[Portion, ...]:
    """All that `Monitor.check` reads of a text, each once; raises `Unreadable` where it refuses to."""
    reason = refusal(text, max_characters, reads)
    if reason:
        raise Unreadable(reason)
    parts = list(parts_of(0, text, model, window_tokens, reads))
    prompts = prompts_of(model, parts)
    found: dict[bytes, Portion] = {}
    for part, prompt in zip(parts, prompts, strict=True):
        found.setdefault(key := key_of(prompt), Portion(key, prompt, part.note))
    return tuple(found.values())


def key_of(prompt: Prompt) -> bytes:
    """What names a prompt: its tokens, which of them are content, and the last one."""
    made = hashlib.blake2b(prompt.ids.tobytes(), digest_size=20)
    made.update(prompt.content.tobytes())
    made.update(str(prompt.last).encode())
    return made.digest()
