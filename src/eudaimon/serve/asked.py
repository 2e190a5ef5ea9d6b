"""What is asked of a guarded model and what it answers: the values between HTTP and whoever answers.

The HTTP side knows an `Answerer` and nothing of models; a model of this machine and a guarded upstream server
are two of them. What leaves an `Answering` as a `Piece` was checked: nobody has to check it again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from eudaimon.core import Conversation, EudaimonError, Text

Mode = Literal["block", "score", "off"]
"""What a verdict does: end the answer, or be told beside it. Off: nobody looks, and the answer says so."""
Layer = Literal["monitor", "critique", "validator", "error"]
"""Who decided: the model's own activations, the model asked about the text, another server, or a failure."""
Finish = Literal["stop", "length", "content_filter", "cancelled", "error"]
FaultKind = Literal[
    "unreachable", "failed", "broke_off", "nonsense", "slow", "busy", "overloaded", "too_long", "refused"
]


class Busy(EudaimonError):
    """The queue is full: ``retry_after_seconds`` is when a place is likely to be free."""

    def __init__(self, retry_after_seconds: float) -> None:
        super().__init__("too many requests wait", right=f"ask again in {retry_after_seconds:.0f} s")
        self.retry_after_seconds = retry_after_seconds


@dataclass(frozen=True)
class Decided:
    """What was decided about one side, by whom, and at what cost.

    ``score`` is in [0, 1], higher is more dangerous, flagged from ``threshold`` on; ``categories`` are scores
    of categories by name, in [0, 1] too. ``seconds`` holds what each layer took that was asked, in order. A
    check that failed has the layer ``error``: it is flagged unless the server was told to fail open, and
    ``reason`` says which. ``n_tokens`` were read.
    """

    flagged: bool
    score: float
    threshold: float
    layer: Layer = "monitor"
    category: str | None = None
    categories: dict[str, float] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    n_tokens: int = 0
    reason: str = ""


@dataclass(frozen=True)
class Asked:
    """One request: what stands before the answer, how it is drawn, and what verdicts do on either side.

    ``text`` is a conversation, or a plain string that goes on without a template (completions). ``top`` is
    how many log-probabilities are told at each token; None: none.
    """

    text: Text
    max_new_tokens: int = 256
    temperature: float = 1.0
    top_p: float = 1.0
    stop: tuple[str, ...] = ()
    seed: int = 0
    top: int | None = None
    input: Mode = "block"
    output: Mode = "block"
    id: str = ""

    @property
    def conversation(self) -> Conversation | None:
        """The turns; None for a plain string."""
        return None if isinstance(self.text, str) else self.text


@dataclass(frozen=True)
class Piece:
    """Text that passed, with the log-probability of each of its tokens when these were asked for."""

    text: str
    tokens: tuple[tuple[str, float, tuple[tuple[str, float], ...]], ...] = ()


@dataclass(frozen=True)
class Fault:
    """What a server behind did instead of answering: nothing that it said, and nothing of where it is.

    ``status`` is its HTTP status, if it had one; ``retry_after_seconds`` when it wants to be asked again.
    """

    kind: FaultKind
    status: int | None = None
    retry_after_seconds: float | None = None


@dataclass(frozen=True)
class Ended:
    """Why an answer ended, what was decided about both sides, and what it took.

    ``input`` and ``output`` are None where nobody looked. ``n_held`` tokens were made and never sent;
    ``flagged_at`` is the token of the answer at which the output was flagged, ``n_leaked`` how many of its
    tokens had been sent before. ``steered`` says that an intervention acted. ``seconds_model`` and
    ``seconds_monitor`` split the time on the machine; ``drift`` is the projection on the persona direction.
    ``fault`` is what a server behind did, where the finish is ``error`` because of it.
    """

    finish: Finish
    input: Decided | None = None
    output: Decided | None = None
    n_input: int = 0
    n_output: int = 0
    n_held: int = 0
    n_leaked: int = 0
    flagged_at: int | None = None
    steered: bool = False
    seconds_queued: float = 0.0
    seconds_model: float = 0.0
    seconds_monitor: float = 0.0
    drift: float | None = None
    drift_alert: bool = False
    reason: str = ""
    fault: Fault | None = None


Event: TypeAlias = Piece | Ended


class Answering(Protocol):
    """An answer on its way; its last event is an `Ended`, whatever happens, and it never raises."""

    def events(self) -> AsyncIterator[Event]:
        """The pieces as they pass, then the end."""

    def cancel(self) -> None:
        """The client is gone, and its place is free at the next token; from any thread, also twice."""


class Answerer(Protocol):
    """Whoever answers guarded requests; called from one event loop, with any number of requests at once."""

    @property
    def name(self) -> str:
        """The model as ``/v1/models`` names it."""

    @property
    def fails_open(self) -> bool:
        """Whether a check that fails passes the text; then every response says so."""

    def ask(self, asked: Asked) -> Answering:
        """The answer to come; raises `Busy` for a full queue, `UsageError` for what cannot be asked."""

    async def moderate(
        self, texts: Sequence[Text], side: Literal["input", "output"] = "input"
    ) -> list[Decided]:
        """What is decided about texts without an answer; a failing check is a decision; `Busy` as `ask`."""

    async def ready(self) -> bool:
        """Whether a real forward just went through model and monitor."""

    async def close(self, grace_seconds: float) -> None:
        """Take nothing new, let what runs end, and after the grace fail what is left (finish ``error``)."""

    @property
    def waiting(self) -> int:
        """Requests that wait for a place."""

    @property
    def running(self) -> int:
        """Requests that are being answered."""

    @property
    def step(self) -> int | None:
        """The number of the step that the model's thread is at, or the guard's; None between two.

        A step that never ends cannot be interrupted: whoever serves ends the process instead.
        """
