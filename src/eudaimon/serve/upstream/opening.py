"""A guarded upstream server from what an operator names."""

from __future__ import annotations

from pathlib import Path

import httpx

from eudaimon.monitor.monitor import Monitor
from eudaimon.serve.guards.opening import MINILM_GUARD, open_guard
from eudaimon.serve.local.moderating import Moderator
from eudaimon.serve.second import Second
from eudaimon.serve.upstream.answerer import UpstreamAnswerer
from eudaimon.serve.upstream.calibration import WindowCalibration
from eudaimon.serve.upstream.checking import Checker, Thresholds
from eudaimon.serve.upstream.growing import Window
from eudaimon.serve.upstream.reading import Reader
from eudaimon.serve.upstream.server import Limits, Upstream, only_model


def open_upstream(
    url: str,
    guard: str | Path | Monitor = MINILM_GUARD,
    *,
    model: str = "",
    api_key_env: str = "",
    calibration: str | Path | WindowCalibration | None = None,
    second: Second | None = None,
    window: Window | None = None,
    limits: Limits | None = None,
    guard_seconds: float = 10.0,
    side_by_side: bool = False,
    fail_open: bool = False,
    device: str | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> UpstreamAnswerer:
    """A guard in front of the OpenAI-compatible server at ``url``, which ends in ``/v1`` as a rule.

    ``guard`` is a packaged guard's name, a monitor's file or a monitor; it reads queries and answers in a
    thread of its own, ``guard_seconds`` a text at most. Without ``model`` the server is asked for its only
    one. Without ``calibration`` the monitor's own counts on either side: its rate is that of whole queries,
    and none is promised for answers. ``second`` are the layers for its uncertain scores (`open_layers`).
    Raises `UsageError` on a URL, a model or a key that cannot be used, and as `open_guard` does.
    """
    server = Upstream(
        url,
        model or only_model(url, api_key_env=api_key_env),
        api_key_env=api_key_env,
        limits=limits,
        transport=transport,
    )
    server.require_key()
    monitor = guard if isinstance(guard, Monitor) else open_guard(guard, device=device)
    window = window or Window()
    thresholds = Thresholds(monitor.threshold.value, monitor.threshold.value)
    if calibration is not None:
        if not isinstance(calibration, WindowCalibration):
            calibration = WindowCalibration.load(calibration)
        calibration.require(monitor, window)
        thresholds = calibration.thresholds
    moderator = Moderator(monitor, seconds=guard_seconds, fail_open=fail_open)
    checker = Checker(
        Reader(moderator, timeout_seconds=guard_seconds, count=lambda text: n_tokens(monitor, text)),
        thresholds,
        second,
        fail_open=fail_open,
    )
    return UpstreamAnswerer(server, checker, window=window, side_by_side=side_by_side)


def n_tokens(monitor: Monitor, text: str) -> int:
    """How many tokens a text has for the guard's model, special ones aside."""
    encoded = monitor.model.tokenizer(text, add_special_tokens=False, verbose=False)
    return len(encoded["input_ids"])
