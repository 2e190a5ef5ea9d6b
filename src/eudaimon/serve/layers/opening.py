"""Layers from what an operator names: a band, who critiques, which server validates, what that may cost."""

from __future__ import annotations

from typing import Literal

import httpx

from eudaimon.core import UsageError
from eudaimon.monitor.band import Band
from eudaimon.serve.layers.asks import Ask, ServedModel
from eudaimon.serve.layers.bounded import Bounded
from eudaimon.serve.layers.budget import Budget
from eudaimon.serve.layers.critique import Critique
from eudaimon.serve.layers.layered import Layers
from eudaimon.serve.layers.opinion import Critic
from eudaimon.serve.layers.validator import JudgeValidator, ModerationsValidator
from eudaimon.serve.outbound import Outbound

Kind = Literal["judge", "moderations"]


def open_layers(
    band: tuple[float, float],
    *,
    critique: Ask | None = None,
    validator: Critic | None = None,
    share: float = 1.0,
    per_minute: int | None = None,
    timeout_seconds: float = 10.0,
    at_once: int = 8,
    fail_open: bool = False,
) -> Layers:
    """The layers for scores in ``[low, high)``: the critique first, then the validator.

    ``critique`` is `OwnModel` or what `critique_at` gives, ``validator`` what `validator_at` gives. Each
    layer has the budget for itself: the share of all texts and the questions a minute. Raises `UsageError`
    without any layer, and on bounds under which nobody could be asked.
    """
    critics: list[Critic] = [Critique(critique)] if critique else []
    critics += [validator] if validator else []
    bounded = [
        Bounded(critic, timeout_seconds, at_once, budget=Budget(share, per_minute)) for critic in critics
    ]
    return Layers(Band(*band), bounded, fail_open=fail_open)


def critique_at(
    url: str,
    model: str,
    *,
    api_key_env: str = "",
    timeout_seconds: float = 10.0,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Ask:
    """A model behind an OpenAI-compatible URL, to be asked for critiques; raises as `Outbound` does."""
    server = Outbound(
        url, what="critique", api_key_env=api_key_env, timeout_seconds=timeout_seconds, transport=transport
    )
    return ServedModel(server, model)


def validator_at(
    url: str,
    model: str = "",
    *,
    kind: Kind = "judge",
    api_key_env: str = "",
    timeout_seconds: float = 10.0,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Critic:
    """The guard behind a URL: a ``judge`` model that grades, or an endpoint of ``moderations``.

    Raises `UsageError` on a judge without a model, and as `Outbound` does.
    """
    if kind == "judge" and not model:
        raise UsageError("the validator has no model", right="the name that its server knows")
    server = Outbound(
        url, what="validator", api_key_env=api_key_env, timeout_seconds=timeout_seconds, transport=transport
    )
    return JudgeValidator(server, model) if kind == "judge" else ModerationsValidator(server, model)
