"""Decisions in OpenAI's shapes, with who decided, at what score and at what cost beside them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from eudaimon.serve.asked import Decided, Ended, Mode

UNNAMED = "harmful"
"""The category of a decision whose monitor names none."""
FAILED = "check_failed"


def sound(decided: Decided, fails_open: bool) -> Decided:
    """The decision, or one of a failed check where its score is no number."""
    if math.isfinite(decided.score) and math.isfinite(decided.threshold):
        return decided
    return failed(fails_open, "the score is no number", decided)


def failed(fails_open: bool, reason: str, on: Decided | None = None) -> Decided:
    """The decision of a check that gave none."""
    on = on or Decided(False, 0.0, 0.0)
    score = 0.0 if fails_open else 1.0
    return replace(
        on, flagged=not fails_open, score=score, threshold=1.0, layer="error", categories={}, reason=reason
    )


def result(decided: Decided, monitor: str, fails_open: bool) -> dict[str, Any]:
    """One entry of ``results``: OpenAI's fields, and beside them who decided, how, and at what cost."""
    name = FAILED if decided.layer == "error" else decided.category or UNNAMED
    scores = {each: _number(score) for each, score in decided.categories.items()}
    scores.setdefault(name, _number(decided.score))
    flags = {
        each: decided.flagged and (each == name or score >= decided.threshold)
        for each, score in scores.items()
    }
    return {
        "flagged": decided.flagged,
        "categories": flags,
        "category_scores": scores,
        "category_applied_input_types": {each: ["text"] for each in scores},
        "model": monitor,
        **facts(decided),
        **({"fail_open": True} if fails_open else {}),
    }


def facts(decided: Decided) -> dict[str, Any]:
    """Who decided, at what score and threshold, on how many tokens, and how long each layer took."""
    return {
        "layer": decided.layer,
        "score": _number(decided.score),
        "threshold": _number(decided.threshold),
        "seconds": {layer: round(seconds, 6) for layer, seconds in decided.seconds.items()},
        "n_tokens": decided.n_tokens,
        **({"reason": decided.reason} if decided.reason else {}),
    }


def inline(ended: Ended, modes: tuple[Mode, Mode], monitor: str, fails_open: bool) -> dict[str, Any]:
    """The ``moderation`` object of a response or of its chunk in a stream."""
    blocked = ended.input is not None and ended.input.flagged and modes[0] == "block"
    unread = "there is no answer: the input was blocked" if blocked else "nobody looked at this side"
    found: dict[str, Any] = {
        "input": _side(ended.input, "nobody looked at this side", monitor, fails_open),
        "output": _side(ended.output, unread, monitor, fails_open),
        "policy": {"input": {"mode": modes[0]}, "output": {"mode": modes[1]}},
    }
    if fails_open:
        found["fail_open"] = True
    if ended.steered:
        found["steered"] = True
    if ended.drift is not None:
        found["drift"] = {"projection": _number(ended.drift), "alert": ended.drift_alert}
    return found


def _side(decided: Decided | None, unread: str, monitor: str, fails_open: bool) -> dict[str, Any]:
    if decided is None:
        return {"type": "error", "code": "not_moderated", "message": unread}
    if decided.layer == "error":
        message = decided.reason or "the check failed"
        return {
            "type": "error",
            "code": FAILED,
            "message": message,
            "flagged": decided.flagged,
            **facts(decided),
        }
    entry = {"type": "moderation_result", **result(decided, monitor, fails_open)}
    return {"type": "moderation_results", "model": monitor, "results": [entry]}


def _number(value: float) -> float:
    """A number that JSON has: the most dangerous score for what is none."""
    return float(value) if math.isfinite(value) else 1.0
