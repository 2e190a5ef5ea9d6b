"""What a model says to several prompts at once, with the log-probabilities of its tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from eudaimon.core import Text
from eudaimon.models.decoding import Decoder, Decoding, answerable, generators, pick, stops
from eudaimon.models.generate import in_batches
from eudaimon.models.model import Model
from eudaimon.models.prompts import Prompt

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Ending = Literal["stop", "max_tokens", "model_length"]


@dataclass(frozen=True)
class Asked:
    """One prompt, the beginning of its answer, and the seed of its sample."""

    text: Text
    prefill: str = ""
    seed: int = 0


@dataclass(frozen=True)
class How(Decoding):
    """How answers are drawn, and ``stop``, strings before which they end.

    ``top`` is how many likely tokens are told at each place beside the one that was drawn; None: no
    log-probabilities at all.
    """

    stop: tuple[str, ...] = ()
    top: int | None = None


@dataclass(frozen=True)
class Token:
    """A token with its natural log-probability before temperature; ``top`` are the likeliest at its place."""

    text: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


@dataclass
class Spoken:
    """An answer: its text, why it ended, tokens read and written, and these with probabilities if wanted."""

    n_input: int
    text: str = ""
    ending: Ending = "stop"
    ids: list[int] = field(default_factory=list)
    tokens: list[Token] = field(default_factory=list)


def speak(model: Model, asked: Sequence[Asked], how: How) -> list[Spoken]:
    """The answers in order; without stop strings, the texts that `generate` gives with the same seeds.

    The end-of-sequence token is neither in text nor tokens. Raises as `generate` does.
    """
    prompts = answerable(model, [one.text for one in asked], None, True, [one.prefill for one in asked])
    draws = generators(prompts, [one.seed for one in asked]) if how.by_chance else None
    answers: list[Spoken | None] = [None] * len(prompts)
    for rows in in_batches(model, prompts, how.max_new_tokens):
        own = [draws[row] for row in rows] if draws else None
        for row, answer in zip(rows, _batch(model, [prompts[row] for row in rows], how, own), strict=True):
            answers[row] = answer
    return [answer for answer in answers if answer is not None]


def _batch(model: Model, rows: list[Prompt], how: How, draws: list[torch.Generator] | None) -> list[Spoken]:
    ends = stops(model)
    decoder = Decoder(model, rows, keep=True)
    answers = [Spoken(len(row)) for row in rows]
    going = set(range(len(rows)))
    logits = decoder.start()
    while True:
        tokens = pick(logits, how, draws)
        told = None if how.top is None else _told(model, logits, tokens, how.top)
        for row in sorted(going):
            answer, token = answers[row], tokens[row]
            if token not in ends:
                answer.ids.append(token)
                if told:
                    answer.tokens.append(told[row])
            ending = "stop" if token in ends else _ending(model, rows[row], answer, how)
            if ending:
                answer.ending = ending
                going.remove(row)
        if not going:
            break
        logits = decoder.step(tokens)
    for answer in answers:
        said = model.tokenizer.decode(answer.ids, skip_special_tokens=True)
        answer.text = said[: _cut(said, how.stop)]
    return answers


def _ending(model: Model, row: Prompt, answer: Spoken, how: How) -> Ending | None:
    if how.stop:
        said = model.tokenizer.decode(answer.ids, skip_special_tokens=True)
        if _cut(said, how.stop) < len(said):
            return "stop"
    if len(answer.ids) >= how.max_new_tokens:
        return "max_tokens"
    return "model_length" if len(row) + len(answer.ids) >= model.max_tokens else None


def _cut(said: str, stop: Sequence[str]) -> int:
    """Where the first stop string begins; the text's end where there is none."""
    return min((place for each in stop if (place := said.find(each)) >= 0), default=len(said))


def _told(model: Model, logits: Tensor, tokens: list[int], top: int) -> list[Token]:
    shares = logits.double().log_softmax(dim=-1)
    likely = shares.topk(min(top, shares.shape[-1]), dim=-1)
    read = model.tokenizer.decode
    return [
        Token(
            read([token]),
            float(shares[row, token]),
            tuple(
                (read([int(other)]), float(value))
                for other, value in zip(likely.indices[row], likely.values[row], strict=True)
            ),
        )
        for row, token in enumerate(tokens)
    ]
