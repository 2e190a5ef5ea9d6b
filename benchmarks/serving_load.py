"""Servers that are compared, and one round of a load on one of them."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import shapes
import texts

from eudaimon import models
from eudaimon.models import Model
from eudaimon.serve import Asked, Ended
from eudaimon.serve.local import Guard, Limits, LocalAnswerer, Opened, Workshop

SHAPE = "llama-30m"
PROMPT_WORDS, MEAN_TOKENS = 24, 64
SPREAD = 4.0
"""Standard deviation of logits, at which the next token is about as open as in text (a perplexity of 84).
Those of random weights are nearly equal: much of what is measured would be sorting all for each draw."""


@dataclass(frozen=True)
class Load:
    """So many clients at once, who in a round make ``each`` requests a head from one pile, until it is empty.

    Answers end by chance, one of 64 tokens in the mean, and after ``most_tokens`` at the latest.
    """

    clients: int
    each: int
    most_tokens: int = 128


@dataclass(frozen=True)
class Run:
    """One round of one server: seconds, by the CPU too; tokens; of each request the milliseconds to its
    first piece and per token after it; how the answers ended.
    """

    seconds: float
    cpu: float
    n_tokens: int
    first: tuple[float, ...]
    between: tuple[float, ...]
    ends: tuple[str, ...]

    @property
    def speed(self) -> float:
        """Tokens per second."""
        return self.n_tokens / self.seconds

    @property
    def cost(self) -> float:
        """CPU milliseconds a token, of everything in this process."""
        return 1000 * self.cpu / self.n_tokens

    def middle(self, of: str) -> float:
        """The median over requests of ``first`` or ``between``."""
        return statistics.median(getattr(self, of))


def talking(folder: Path) -> Model:
    """A model of random weights: every token has a text, some are likely, and one in 64 ends the answer."""
    import torch
    from transformers import AutoTokenizer

    shapes.build(SHAPE, folder, texts.corpus())
    tokenizer = AutoTokenizer.from_pretrained(folder)
    n = shapes.VOCABULARY[SHAPE]
    # What the tokenizer does not know would be drawn and say nothing: then no piece comes.
    tokenizer.add_tokens([f"w{number} " for number in range(len(tokenizer), n)])
    tokenizer.save_pretrained(folder)
    model = models.load(folder)
    model.module.generation_config.eos_token_id = list(range(MEAN_TOKENS - 1, n, MEAN_TOKENS))
    head = model.module.lm_head
    with torch.no_grad():
        ids = torch.tensor([tokenizer(prompt(0, 0, 0))["input_ids"]])
        # A copy: where it is tied to the embeddings, these stay as they are.
        head.weight = torch.nn.Parameter(head.weight * (SPREAD / model.module(ids).logits.std()))
    return model


def served(model: Model, guard: Guard | None, slots: int = 32) -> LocalAnswerer:
    """A server without HTTP, in a thread of its own."""
    return LocalAnswerer(Workshop(lambda: Opened(model, guard), Limits(slots=slots, waiting=1000)))


def prompt(number: int, client: int, place: int) -> str:
    """Other words for every request: nothing that was read before is asked again."""
    words = texts.corpus()[(number * 97 + client * 13 + place) % 200].split()[:PROMPT_WORDS]
    return f"{number} {client} {place} {' '.join(words)}"


async def load_round(server: LocalAnswerer, load: Load, number: int) -> Run:
    """All requests of a round; each has its seed, so that every server draws the same answers."""
    first: list[float] = []
    between: list[float] = []
    ends: list[str] = []
    n_tokens = 0

    pile = iter([(client, place) for place in range(load.each) for client in range(load.clients)])

    async def one() -> None:
        nonlocal n_tokens
        # Whoever is done takes the next: as many are under way as there are clients, but for the last ones.
        for client, place in pile:
            asked = Asked(
                prompt(number, client, place),
                max_new_tokens=load.most_tokens,
                seed=(number * 100 + client) * 10 + place,
            )
            began, came = time.perf_counter(), 0.0
            async for event in server.ask(asked).events():
                now = time.perf_counter()
                if isinstance(event, Ended):
                    assert event.finish in ("stop", "length"), event
                    n_tokens += event.n_output
                    ends.append(event.finish)
                    if event.n_output > 8 and came:
                        between.append(1000 * (now - came) / (event.n_output - 1))
                elif not came:
                    came = now
                    first.append(1000 * (now - began))

    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(one() for _ in range(load.clients)))
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    return Run(took, cpu, n_tokens, tuple(first), tuple(between), tuple(ends))


def share_stopped(runs: Iterable[Run]) -> float:
    """The share of answers that ended by themselves, and not at their most tokens."""
    ends = [end for run in runs for end in run.ends]
    return ends.count("stop") / len(ends)
