"""Who is asked: a model of the store with its adapters, steering and monitor, opened by their names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from eudaimon.chat.chat import Chat
from eudaimon.chat.settings import Settings
from eudaimon.chat.steering import read_steering
from eudaimon.core.errors import UsageError
from eudaimon.dashboard.store import Found
from eudaimon.models.adapters.adapter import Adapter
from eudaimon.models.adapters.opening import open_subject
from eudaimon.models.adapters.subject import Subject
from eudaimon.models.folder import PACKAGED
from eudaimon.models.model import Model
from eudaimon.monitor.monitor import Monitor
from eudaimon.monitor.storage import load_monitor

NAME = 24


@dataclass(frozen=True)
class Choice:
    """What was chosen on the page, each of it out of the store; no model means the packaged one.

    ``strength`` is that of the steering in residual-stream units; None takes the one that `read_steering`
    finds. ``force`` lets monitor and directions act on another stack than they were made on.
    """

    model: Found | None = None
    adapters: tuple[Found, ...] = ()
    monitor: Found | None = None
    steering: Found | None = None
    strength: float | None = None
    force: bool = False


@dataclass(eq=False)
class Asked:
    """What is open: the model, a conversation with it where it can answer, and the monitor that reads."""

    choice: Choice
    model: Model
    chat: Chat | None = None
    monitor: Monitor | None = None
    held_back: list[str] = field(default_factory=list)
    """What was chosen and does not act, with the reason."""


def open_asked(choice: Choice, settings: Settings | None = None) -> Asked:
    """The chosen model with all that was chosen beside it, opened; raises as these are opened.

    A model that cannot answer is opened for reading: steering is then refused with `UsageError`.
    """
    name = str(choice.model.path) if choice.model else PACKAGED
    stack = adapters_of(choice.adapters)
    model = open_subject(Subject(name, stack))
    chat = Chat(model, stack, settings) if model.is_causal else None
    if choice.steering is not None:
        if chat is None:
            raise UsageError(f"{model.checkpoint.name} cannot answer, so there is nothing to steer")
        chat.steer(
            read_steering(choice.steering.path, chat.model, strength=choice.strength, force=choice.force)
        )
    asked = Asked(choice, model, chat)
    if choice.monitor is not None:
        if chat is not None:
            chat.monitor(choice.monitor.path, force=choice.force)
            asked.monitor = chat.watch.monitor if chat.watch else None
            asked.held_back += [chat.watch.refusal] if chat.watch and chat.watch.refusal else []
        else:
            asked.monitor = load_monitor(choice.monitor.path, model, force=choice.force)
    return asked


def adapters_of(found: Sequence[Found]) -> tuple[Adapter, ...]:
    """The adapters in their order, each under a name of its own that its place tells."""
    return tuple(Adapter(f"{_short(one)}-{k}", one.path) for k, one in enumerate(found, start=1))


def _short(found: Found) -> str:
    parts = found.name.split("/")
    name = parts[-2] if parts[-1] == "adapter" and len(parts) > 1 else parts[-1]
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name)[:NAME].strip("-") or "adapter"
