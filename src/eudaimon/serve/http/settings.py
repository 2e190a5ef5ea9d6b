"""What an operator decides before the server starts: policy, tokens, limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from eudaimon.serve.asked import Mode


@dataclass(frozen=True)
class Limits:
    """How much one request may bring, and how long anything may take.

    A client that takes longer than ``write_seconds`` to read what waits for it is cut off, and so is one
    whose request line and headers take longer than ``header_seconds``. ``open_requests`` are those whose
    response is not finished, also because their client reads slowly. A stream that has nothing to say for
    ``heartbeat_seconds`` sends a comment, and a connection without a request is kept ``idle_seconds``. A step
    of the model that takes longer than ``stuck_seconds`` ends the server; 0: never.
    """

    body_bytes: int = 1_000_000
    body_seconds: float = 20.0
    header_seconds: float = 10.0
    write_seconds: float = 30.0
    idle_seconds: float = 75.0
    heartbeat_seconds: float = 15.0
    request_seconds: float = 120.0
    ready_seconds: float = 30.0
    grace_seconds: float = 20.0
    stuck_seconds: float = 120.0
    turns: int = 200
    characters: int = 200_000
    texts: int = 128
    new_tokens: int = 2048
    default_new_tokens: int = 256
    open_requests: int = 256


@dataclass(frozen=True)
class Settings:
    """How the server treats requests.

    ``input`` and ``output`` are what a verdict does; a request may ask for more, and for less only where
    ``allow_policy`` says so. Without ``tokens`` nobody is asked for one, and without ``hosts`` any name of
    the server will do. ``cors`` are the origins whose pages may read responses. ``monitor`` is the guard's
    name in responses and ``monitor_hash`` what the audit log calls it; ``measured`` is what is known of how
    well it tells dangerous texts from harmless ones, by side.
    """

    input: Mode = "block"
    output: Mode = "block"
    allow_policy: bool = False
    tokens: tuple[str, ...] = field(default=(), repr=False)
    hosts: tuple[str, ...] = ()
    cors: tuple[str, ...] = ()
    monitor: str = "monitor"
    monitor_hash: str = ""
    measured: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    log_text: bool = False
    limits: Limits = Limits()
