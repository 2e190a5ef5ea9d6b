"""The conversation itself: what was said, what acts now, and what changes when something is switched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eudaimon.chat.settings import Settings
from eudaimon.chat.steering import Steering
from eudaimon.chat.turn import Turn
from eudaimon.chat.watch import Watch
from eudaimon.core import Message, TextTooLong, UsageError
from eudaimon.models.adapters.adapter import Adapter, AdapterStack, as_stack
from eudaimon.models.adapters.opening import SubjectModel, open_subject, switch
from eudaimon.models.adapters.proof import Proof
from eudaimon.models.adapters.subject import Subject
from eudaimon.models.decoding import answerable
from eudaimon.models.interventions import intervene
from eudaimon.models.stream import stream
from eudaimon.monitor.verdict import Verdict

if TYPE_CHECKING:
    import torch

Hear = Callable[[str], object]
"""Called with each piece of an answer as it comes."""


class Chat:
    """A conversation with one base and its adapters; made by `open_chat`.

    ``model`` is the base with what acts now, ``adapters`` all that can be switched on, ``proof`` the proof of
    the last switch. Switching keeps the turns: they say under which stack each answer was made. Steering and
    monitor are bound to a stack; while another one acts they are held back and say so, unless forced.
    """

    def __init__(
        self, model: SubjectModel, adapters: Sequence[Adapter], settings: Settings | None = None
    ) -> None:
        self.model = model
        self.adapters: AdapterStack = as_stack(adapters)
        self.settings = settings or Settings()
        self.turns: tuple[Turn, ...] = ()
        self.steering: Steering | None = None
        self.watch: Watch | None = None

    @property
    def proof(self) -> Proof | None:
        """What the logits showed when the stack that acts now was switched on."""
        return self.model.proof

    @property
    def acting(self) -> AdapterStack:
        """The adapters that act now, with their weights."""
        return self.model.stack

    @property
    def steering_refusal(self) -> str:
        """Why the steering is held back now, or an empty string."""
        return self.steering.refusal(self.model) if self.steering else ""

    @property
    def n_under_other_stacks(self) -> int:
        """How many answers of the conversation were made under another stack than the one that acts now."""
        return sum(turn.stack != self.acting for turn in self.turns)

    @property
    def conversation(self) -> tuple[Message, ...]:
        """The turns so far as messages; a question without an answer is left out."""
        return tuple(
            message
            for turn in self.turns
            if turn.answer.strip()
            for message in (
                Message(role="user", content=turn.question),
                Message(role="assistant", content=turn.answer),
            )
        )

    def on(self, name: str, weight: float | None = None) -> Proof:
        """Switch an adapter on, at ``weight`` or as it was opened; the proof that it and the others act.

        Raises `UsageError` for an unknown name and a weight that is not above 0, `AdapterError` when the
        logits do not show it: what acted before then acts again.
        """
        chosen = self._adapter(name)
        if weight is not None:
            chosen = chosen.weighted(weight)
        if not chosen.weight > 0:
            raise UsageError(f"adapter {name} at weight 0 would not act", right="a weight above 0", do="/off")
        acting = {adapter.name: adapter for adapter in self.acting} | {name: chosen}
        return self._act([acting[each.name] for each in self.adapters if each.name in acting])

    def off(self, name: str) -> Proof:
        """Switch an adapter off; the proof that the others act and it does not. Raises as `on` does."""
        self._adapter(name)
        return self._act([adapter for adapter in self.acting if adapter.name != name])

    def steer(self, steering: Steering | None) -> None:
        """Steer the answers from now on, or no more; raises `UsageError` when it does not fit the stack."""
        if steering is not None and (refusal := steering.refusal(self.model)):
            raise UsageError(refusal, right="a direction of this model with this stack, or force")
        self.steering = steering

    def monitor(self, file: str | Path | None, *, force: bool = False) -> None:
        """Let the monitor of a file read the conversation from now on, or none; raises as `Watch.open`."""
        self.watch = Watch.open(file, self.model, force=force) if file is not None else None

    def change(self, **settings: Any) -> None:
        """Change settings for the answers to come; raises `UsageError` for what makes no sense."""
        self.settings = replace(self.settings, **settings)

    def reset(self) -> None:
        """Forget the turns; what acts stays."""
        self.turns = ()

    def say(self, question: str, hear: Hear = lambda piece: None) -> Turn:
        """The answer to a question after the turns so far, which it then belongs to; pieces go to ``hear``.

        An interrupt (Ctrl-C) ends the answer where it is. The monitor reads question and answer, each alone,
        on the stack without steering: that is what its threshold was calibrated on. Raises `UsageError` for
        an empty question, `TextTooLong` when the conversation fills the context.
        """
        if not question.strip():
            raise UsageError("the question is empty")
        asked = (*self.conversation, Message(role="user", content=question))
        self._require_room(asked)
        acts = self.steering if self.steering and not self.steering_refusal else None
        query, verdict, pieces, stopped = None, None, [], False
        try:
            query = self._read(question)
            with intervene(self.model, [acts.intervention]) if acts else nullcontext():
                for piece in stream(self.model, asked, **_drawn(self.settings)):
                    pieces.append(piece)
                    hear(piece)
            verdict = self._read("".join(pieces))
        except KeyboardInterrupt:
            stopped = True
        answer = "".join(pieces)
        steered = acts.to_json(self.model) if acts else None
        turn = Turn(question, answer, self.acting, self.settings, steered, query, verdict, stopped)
        self.turns = (*self.turns, turn)
        return turn

    def again(self, hear: Hear = lambda piece: None) -> Turn:
        """The last question once more, under what acts now; the new answer takes the place of the old.

        Raises `UsageError` when nothing was asked yet, and as `say` does.
        """
        if not self.turns:
            raise UsageError("nothing was asked yet")
        before = self.turns
        self.turns = before[:-1]
        try:
            return self.say(before[-1].question, hear)
        except Exception:
            self.turns = before
            raise

    def to_json(self) -> dict[str, Any]:
        """The conversation as a chat row (``messages``) with everything that is known about each turn."""
        system = [{"role": "system", "content": self.settings.system}] if self.settings.system else []
        return {
            "messages": system + [message.model_dump() for message in self.conversation],
            "model": self.model.checkpoint.model_dump(mode="json"),
            "adapters": [adapter.to_json() for adapter in self.adapters],
            "monitor": str(self.watch.file) if self.watch else None,
            "turns": [turn.to_json() for turn in self.turns],
        }

    def _adapter(self, name: str) -> Adapter:
        for adapter in self.adapters:
            if adapter.name == name:
                return adapter
        known = ", ".join(adapter.name for adapter in self.adapters)
        raise UsageError(f"there is no adapter {name!r}", right=known or "this chat has none")

    def _act(self, stack: Sequence[Adapter]) -> Proof:
        before = self.model.stack
        try:
            self.model = switch(self.model, stack)
        except KeyboardInterrupt:
            self.model.book.activate(before)
            raise
        if self.watch:
            self.watch = self.watch.on(self.model)
        assert self.model.proof is not None
        return self.model.proof

    def _read(self, text: str) -> Verdict | None:
        watched = self.watch.monitor if self.watch else None
        return watched.check(text) if watched and text.strip() else None

    def _require_room(self, asked: tuple[Message, ...]) -> None:
        try:
            answerable(self.model, [asked], self.settings.system, True)
        except TextTooLong as error:
            n_turns = len(asked) // 2
            raise TextTooLong(
                f"{n_turns} earlier turns and this question leave no room in the context of "
                f"{self.model.max_tokens} tokens",
                right="a shorter question, or a conversation from the start",
                do="/reset",
            ) from error


def open_chat(
    checkpoint: str | Path,
    adapters: Sequence[Adapter] = (),
    *,
    off: Sequence[str] = (),
    settings: Settings | None = None,
    device: str | torch.device | None = None,
    dtype: str | torch.dtype | None = None,
    force: bool = False,
) -> Chat:
    """A conversation with a checkpoint, its adapters proven to act, those in ``off`` switched off.

    Raises `UsageError` for an encoder and for unknown names, and as `open_subject` does.
    """
    stack = as_stack(adapters)
    stranger = next((name for name in off if name not in {adapter.name for adapter in stack}), None)
    if stranger is not None:
        raise UsageError(f"there is no adapter {stranger!r} to switch off")
    model = open_subject(Subject(str(checkpoint), stack), device=device, dtype=dtype, force=force)
    if not model.is_causal:
        raise UsageError(
            f"{model.checkpoint.name} cannot answer: it is an encoder", right="a causal language model"
        )
    chat = Chat(model, stack, settings)
    for name in off:
        chat.off(name)
    return chat


def _drawn(settings: Settings) -> dict[str, Any]:
    return {
        "max_new_tokens": settings.max_new_tokens,
        "temperature": settings.temperature,
        "top_p": settings.top_p,
        "seed": settings.seed,
        "system": settings.system,
    }
