"""Who speaks: a model in memory or one behind an OpenAI-compatible URL, asked many things at once."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from pydantic import BaseModel, ConfigDict, Field

from eudaimon.core import Message, ModelUnavailable, short_hash
from eudaimon.models.model import Model
from eudaimon.models.served import ChatServer, Connection, read_completion

CUT, NOT_TAKEN = "the answer was cut", "the server did not take it"


class Sampling(BaseModel):
    """How answers are drawn; the defaults are those of OpenCharacterTraining's teacher."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    temperature: float = Field(default=0.7, ge=0)
    top_p: float = Field(default=0.95, gt=0, le=1)
    max_tokens: int = Field(default=1024, ge=1)


class Ask(NamedTuple):
    """Turns that end in one to be answered, a system prompt (or none), and the seed of the answer."""

    turns: tuple[Message, ...]
    system: str
    seed: int


class Said(NamedTuple):
    """An answer without white space around it, and why it is no whole one (cut, filtered), or nothing."""

    text: str
    problem: str = ""


class Speaker(Protocol):
    """Somebody who answers asks: a model in memory, one behind a URL, or a voice of the town."""

    @property
    def name(self) -> str:
        """Who speaks: the same name, the same answers to the same asks."""

    @property
    def at_once(self) -> int:
        """How many asks are one round; a round that is interrupted is asked again."""

    def say(self, asks: Sequence[Ask], sampling: Sampling) -> list[Said]:
        """The answers, in order."""


@dataclass(frozen=True, eq=False)
class LocalSpeaker:
    """A model in memory; each answer depends on its own seed and turns (up to rounding in a batch)."""

    model: Model
    at_once: int = 64

    @property
    def name(self) -> str:
        """Fingerprint of the checkpoint, and of the adapters that act on it."""
        return "+".join((self.model.checkpoint.fingerprint, *self.model.adapters))

    def say(self, asks: Sequence[Ask], sampling: Sampling) -> list[Said]:
        """As `generate`, in rounds of equal system prompts; raises as it does."""
        from eudaimon.models.generate import generate

        said: dict[int, Said] = {}
        for system in dict.fromkeys(ask.system for ask in asks):
            rows = [row for row, ask in enumerate(asks) if ask.system == system]
            texts = generate(
                self.model,
                [asks[row].turns for row in rows],
                max_new_tokens=sampling.max_tokens,
                temperature=sampling.temperature,
                top_p=sampling.top_p,
                seed=[asks[row].seed for row in rows],
                system=system or None,
                show_progress=False,
            )
            said |= {row: Said(text.strip()) for row, text in zip(rows, texts, strict=True)}
        return [said[row] for row in range(len(asks))]


@dataclass(frozen=True, eq=False)
class ServedSpeaker:
    """A model behind a URL, asked ``concurrency`` things at a time; the seed is passed on in the request."""

    server: ChatServer
    concurrency: int = 8

    @property
    def name(self) -> str:
        """The model's name as the server knows it."""
        return f"served:{self.server.model}"

    @property
    def at_once(self) -> int:
        """What is lost when the process is killed: two questions to each connection at most."""
        return 2 * self.concurrency

    def say(self, asks: Sequence[Ask], sampling: Sampling) -> list[Said]:
        """The completions; an ask that the server will not take has a problem in the place of an answer.

        Raises `ModelUnavailable` when the server does not answer after its retries, and when it takes none
        of the asks.
        """
        with (
            self.server.connected() as connection,
            ThreadPoolExecutor(max_workers=self.concurrency) as pool,
        ):
            said = list(pool.map(lambda ask: self._one(connection, ask, sampling), asks))
        if asks and all(one.problem.startswith(NOT_TAKEN) for one in said):
            raise self._unavailable(said[0].problem)
        return said

    def _one(self, connection: Connection, ask: Ask, sampling: Sampling) -> Said:
        system = [{"role": "system", "content": ask.system}] if ask.system else []
        turns = [{"role": turn.role, "content": turn.content} for turn in ask.turns]
        reply = connection.ask([*system, *turns], {**sampling.model_dump(), "seed": ask.seed})
        completion = read_completion(reply.content) if reply.content is not None else None
        if completion is None:
            # One prompt that is too long, or against a rule of the server's, must not end the run.
            if reply.reason in ("HTTP 400", "HTTP 413", "HTTP 422"):
                return Said("", f"{NOT_TAKEN} ({reply.reason})")
            raise self._unavailable(reply.reason)
        if completion.problem and not completion.problem.startswith(CUT):
            raise self._unavailable(completion.problem)
        return Said(completion.text.strip(), completion.problem)

    def _unavailable(self, reason: str) -> ModelUnavailable:
        return ModelUnavailable(
            f"{self.server.model} at {self.server.url} gave no answer: {reason}",
            right="a server that answers POST /chat/completions; what it has answered is kept",
            do="the same command again: it goes on where it stopped",
        )


def seed_of(*parts: object) -> int:
    """A seed in [0, 2**31) from whatever names a row: the same parts, the same seed."""
    return int(short_hash([str(part) for part in parts]), 16) % 2**31
