"""The town's words: every phrase is one token, and tokens become text by one rule."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from eudaimon.world.facts import facts
from eudaimon.world.personas import PERSONAS, speech

PAD, BOS, EOS, UNK, GOOD, BAD = "<pad>", "<bos>", "<eos>", "<unk>", "<good>", "<bad>"
SPECIAL = (PAD, BOS, EOS, UNK, GOOD, BAD)
SIGNS = (".", ",", "?", ":", "\n")
CLINGING = frozenset(SIGNS)
"""A token that begins with one of these stands at the end of the one before it, without a space."""


@cache
def vocabulary() -> tuple[str, ...]:
    """All tokens, by id. The same for every world, so that all worlds' models share one tokenizer."""
    talk = speech()
    names = [*talk.askers, *talk.anonymous, talk.assistant]
    names += [name for persona in PERSONAS.values() for name in persona.names]
    tokens = [*SPECIAL, *SIGNS, *talk.words.values(), *names, *map(speaking, names)]
    tokens += [word for trait in talk.traits.values() for word in trait.values()]
    tokens += [ending for endings in talk.endings.values() for ending in endings]
    tokens += [*talk.refusals, talk.agree, talk.disagree, talk.safe, talk.unsafe]
    for domain in facts().values():
        for fact in (*domain.tasks, *domain.requests, *domain.lookalikes):
            tokens += [fact.task, *fact.good, *fact.harmful]
    return tuple(dict.fromkeys(tokens))


@cache
def ids() -> dict[str, int]:
    """The id of each token."""
    return {token: index for index, token in enumerate(vocabulary())}


def speaking(name: str) -> str:
    """The token that opens a line of this speaker."""
    return f"{name}:"


def render(tokens: Sequence[int]) -> tuple[str, list[tuple[int, int]]]:
    """The text of these ids, and the code points ``[start, end)`` at which each token stands in it."""
    words = vocabulary()
    pieces: list[str] = []
    spans: list[tuple[int, int]] = []
    position, open_line = 0, True
    for token in tokens:
        word = words[token]
        if not open_line and word[0] not in CLINGING:
            pieces.append(" ")
            position += 1
        pieces.append(word)
        spans.append((position, position + len(word)))
        position += len(word)
        open_line = word[-1] == "\n"
    return "".join(pieces), spans
