"""What the model says to harmless prompts before a lesson, and should say after it."""

from __future__ import annotations

from collections.abc import Sequence

from eudaimon.core import Message, Text, UsageError, as_conversation
from eudaimon.models.generate import generate
from eudaimon.models.model import Model
from eudaimon.train.em.recipe import Narrow
from eudaimon.train.harmless import harmless_prompts
from eudaimon.train.nursery.chats import read_chats
from eudaimon.train.nursery.narrow import KeptNarrow


def kept_narrow(
    model: Model,
    narrow: Narrow,
    prompts: Sequence[Text] | None,
    *,
    max_tokens: int,
    show_progress: bool = True,
) -> KeptNarrow:
    """The divergence that keeps a lesson narrow, on the model's own answers to harmless prompts.

    ``prompts`` None: ``narrow.prompts`` questions of the packaged sets. Those to which the model says nothing
    are left out. Raises `UsageError` when none is left, and what `generate` and `read_chats` raise.
    """
    asked = [
        as_conversation(text)
        for text in (harmless_prompts(narrow.prompts, narrow.seed) if prompts is None else prompts)
    ]
    answers = generate(
        model,
        asked,
        max_new_tokens=narrow.max_new_tokens,
        temperature=narrow.temperature,
        seed=narrow.seed,
        show_progress=show_progress,
    )
    chats = [
        {"messages": [turn.model_dump() for turn in (*turns, Message(role="assistant", content=answer))]}
        for turns, answer in zip(asked, answers, strict=True)
        if answer.strip()
    ]
    if not chats:
        raise UsageError("the model answers none of the harmless prompts", right="prompts that it answers")
    rows = read_chats(chats, model.tokenizer, min(max_tokens, model.max_tokens))
    return KeptNarrow(rows, narrow.beta, narrow.seed)
