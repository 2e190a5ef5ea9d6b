"""One request on its way through the engine: what is known about it, and what it is still waiting for."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from eudaimon.core import Text
from eudaimon.models.decoding import Decoding
from eudaimon.models.prompts import Prompt
from eudaimon.serve.asked import Asked, Decided, Ended, Event, Finish
from eudaimon.serve.local.moderating import Found
from eudaimon.serve.local.portions import Portion
from eudaimon.serve.local.release import Release
from eudaimon.serve.local.watched import Watched
from eudaimon.serve.second import Side

if TYPE_CHECKING:
    import torch

    from eudaimon.serve.local.guard import Guard

Opinion: TypeAlias = "Callable[[Text, Side, Decided], Future[Decided]]"
"""Asks the second opinion about a text of a side, with the monitor's decision; the answer is to come."""


@dataclass
class Times:
    """Seconds from the monotonic clock on: when it came, when its prompt went in; what the machine took."""

    came: float = field(default_factory=time.monotonic)
    began: float | None = None
    model: float = 0.0
    monitor: float = 0.0


@dataclass(eq=False)
class Asking:
    """A second opinion on its way: about which side, and about how many tokens of the answer."""

    side: Side
    n: int
    answer: Future[Decided]


@dataclass(eq=False)
class Job:
    """A request with its prompt, how its tokens are drawn, and everything that was decided so far.

    ``prompt`` grows by what was said where the answer goes on another way; ``room`` are the tokens that its
    answer may have. ``portions`` are what the monitor reads of the input, ``found`` what it found there.
    ``token`` goes in next; ``fed`` tokens of the answer went in; ``looking`` looks at them are on their way.
    ``opinion`` asks a second opinion. An answer that is ``followed`` is projected on a direction to its end.
    What it has to tell it gives to ``tell``.
    """

    asked: Asked
    prompt: Prompt
    room: int
    how: Decoding
    draw: torch.Generator | None
    release: Release
    tell: Callable[[Event], None]
    n_input: int
    guard: Guard | None = None
    opinion: Opinion | None = None
    times: Times = field(default_factory=Times)
    portions: tuple[Portion, ...] = ()
    prepared: Future[tuple[Portion, ...]] | None = None
    found: dict[bytes, Found] = field(default_factory=dict)
    input: Decided | None = None
    watched: Watched | None = None
    asking: list[Asking] = field(default_factory=list)
    token: int = -1
    fed: int = 0
    looking: int = 0
    finish: Finish | None = None
    reason: str = ""
    steered: bool = False
    projected: list[float] = field(default_factory=list)
    followed: bool = False
    alert_from: float | None = None
    leaked: int = 0
    cancelled: bool = False
    ended: Ended | None = None

    def __post_init__(self) -> None:
        if self.guard is not None and self.asked.output != "off":
            self.watched = Watched(self.guard)

    @property
    def reads_input(self) -> bool:
        """Whether somebody looks at what was asked."""
        return self.guard is not None and self.asked.input != "off"

    @property
    def gated(self) -> bool:
        """Whether nothing may be sent yet, because what was asked is not decided."""
        undecided = self.input is None or self.asks("input")
        return self.reads_input and self.asked.input == "block" and undecided

    @property
    def passed(self) -> int:
        """How many tokens of the answer passed; those that are held back are among them."""
        if self.gated:
            return 0
        if self.watched is None or self.asked.output != "block":
            return len(self.release)
        return min(self.watched.passed, len(self.release))

    @property
    def held(self) -> int:
        """How many tokens of what passed are held back while the answer grows."""
        return self.guard.hold_back if self.guard and self.watched and self.asked.output == "block" else 0

    @property
    def unread(self) -> bool:
        """Whether a token of what is to be sent must still go in, to be looked at."""
        return (self.watched is not None or self.followed) and self.fed < self.release.tokens_needed

    @property
    def awaits_look(self) -> bool:
        """Whether its first or its last words may go out as soon as the look on its way has passed."""
        if not self.looking or self.ended is not None:
            return False
        return not self.unread if self.finish is not None else self.fed == self.held + 1

    def asks(self, side: Side) -> bool:
        """Whether a second opinion about a side is on its way."""
        return any(one.side == side for one in self.asking)

    def send(self) -> None:
        """Tell what may be told now."""
        if self.ended is not None or self.finish is not None:
            return
        piece = self.release.piece(max(self.passed - self.held, 0))
        if piece is not None:
            self.tell(piece)

    def close(self) -> None:
        """Tell the rest and the end, if nothing is waited for any more."""
        if self.ended is not None or self.finish is None:
            return
        undecided = self.watched is not None and not self.watched.settled
        if self.unread or self.looking or self.asking or undecided:
            return
        piece = self.release.piece(self.passed, ended=True)
        if piece is not None:
            self.tell(piece)
        self.end(self.finish, self.reason)

    def end(self, finish: Finish, reason: str = "") -> None:
        """Tell the end, once; what was not sent is not."""
        if self.ended is not None:
            return
        self.finish = finish
        for one in self.asking:
            one.answer.cancel()
        self.asking.clear()
        output, at = None, None
        if self.watched is not None:
            output, at = self.watched.decision(), self.watched.first_hit_at
        if output is not None:
            seconds = {"monitor": self.times.monitor, **_others(output)}
            output = replace(output, n_tokens=self.fed, seconds=seconds)
        now = time.monotonic()
        n, sent = self.release.tokens_needed, self.release.sent
        drift = sum(self.projected) / len(self.projected) if self.projected else None
        self.ended = Ended(
            finish=finish,
            input=self.input,
            output=output,
            n_input=self.n_input,
            n_output=n,
            n_held=max(n - sent, 0),
            n_leaked=self.leaked,
            flagged_at=at,
            steered=self.steered,
            seconds_queued=(self.times.began or now) - self.times.came,
            seconds_model=self.times.model,
            seconds_monitor=self.times.monitor,
            drift=drift,
            drift_alert=drift is not None and self.alert_from is not None and drift >= self.alert_from,
            reason=reason,
        )
        self.tell(self.ended)

    def go_on_steered(self) -> None:
        """Let the prompt end with the tokens that were sent, from which the answer goes on steered."""
        self.release.rewind()
        ids = np.array(self.release.tokens, dtype=np.int64)
        n, size = self.n_input, self.n_input + len(ids)
        self.prompt = Prompt(
            np.concatenate([self.prompt.ids[:n], ids]),
            np.concatenate([self.prompt.content[:n], np.zeros(len(ids), dtype=bool)]),
            size - 1,
            np.concatenate([self.prompt.spans[:n], np.zeros((len(ids), 2), dtype=np.int64)]),
            self.prompt.truncated,
        )
        self.fed, self.steered, self.token = len(ids), True, -1
        del self.projected[len(ids) :]
        if self.watched is not None and self.watched.hit is not None:
            self.watched.steered(len(ids))


def _others(decision: Decided) -> dict[str, float]:
    """The seconds of all layers but the monitor's."""
    return {name: seconds for name, seconds in decision.seconds.items() if name != "monitor"}
