"""What Prometheus reads: requests, tokens, verdicts, scores and times, in a registry of one server's own."""

from __future__ import annotations

import math
from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from eudaimon.serve.asked import Answerer, Decided, Ended, Finish

SECONDS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100)
SCORES = tuple(step / 20 for step in range(1, 21))
TOKENS = (0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
MOST_CATEGORIES = 64
"""Names of categories that get a series of their own; those that come later are counted as ``other``."""
PREFIX = "eudaimon_"


class Metrics:
    """The server's counters; those that somebody waits for are there from the start, at zero.

    A series that begins with its first event begins at one, and no rate sees that event.
    """

    def __init__(self, answerer: Answerer) -> None:
        self.registry = CollectorRegistry()
        self._categories: set[str] = set()
        self.requests = self._counter("requests", "Responses by route and status.", "route", "status")
        self.request_seconds = self._histogram("request_seconds", "From headers to end.", SECONDS, "route")
        self.tokens = self._counter("tokens", "Tokens read and made.", "direction")
        self.verdicts = self._counter("verdicts", "Decisions.", "side", "category", "layer", "flagged")
        self.scores = self._histogram("score", "Scores of decisions.", SCORES, "side")
        self.layer_seconds = self._histogram("layer_seconds", "Time of each layer asked.", SECONDS, "layer")
        self.seconds = self._histogram("seconds", "Time of answers: queue, model, monitor.", SECONDS, "part")
        self.held = self._counter("tokens_held", "Tokens made and never sent.")
        self.leaked = self._counter("tokens_leaked", "Tokens of flagged answers that had been sent.")
        self.delay = self._histogram("flagged_at_tokens", "Token at which an answer was flagged.", TOKENS)
        self.failures = self._counter("failures", "What failed, by kind.", "kind")
        self.ends = self._counter("answers", "Answers by how they ended.", "finish")
        self.steered = self._counter("answers_steered", "Answers in which an intervention acted.")
        self.drifts = self._counter("drift_alerts", "Answers past the bound of drift.")
        self.open = self._gauge("open_requests", "Requests whose response is not finished.")
        self._gauge("waiting", "Requests that wait for a place.").set_function(lambda: answerer.waiting)
        self._gauge("running", "Requests that are being answered.").set_function(lambda: answerer.running)
        self._gauge("fail_open", "1 where failing checks pass the text.").set(answerer.fails_open)
        for direction in ("input", "output"):
            self.tokens.labels(direction)
        for part in ("queue", "model", "monitor"):
            self.seconds.labels(part)
        for kind in ("answer", "audit", "check"):
            self.failures.labels(kind)
        for finish in get_args(Finish):
            self.ends.labels(finish)

    def decided(self, side: str, decided: Decided) -> None:
        """Count one decision."""
        category = self._category(decided.category or "none")
        self.verdicts.labels(side, category, decided.layer, str(decided.flagged).lower()).inc()
        if math.isfinite(decided.score):
            self.scores.labels(side).observe(decided.score)
        for layer, seconds in decided.seconds.items():
            self.layer_seconds.labels(layer).observe(seconds)
        if decided.layer == "error":
            self.failures.labels("check").inc()

    def ended(self, ended: Ended, released: bool) -> None:
        """Count one answer; ``released`` says that its text went out as it was made."""
        self.ends.labels(ended.finish).inc()
        self.tokens.labels("input").inc(ended.n_input)
        self.tokens.labels("output").inc(ended.n_output)
        self.held.inc(ended.n_held)
        if released:
            self.leaked.inc(ended.n_leaked)
        if ended.flagged_at is not None:
            self.delay.observe(ended.flagged_at)
        for part, seconds in (
            ("queue", ended.seconds_queued),
            ("model", ended.seconds_model),
            ("monitor", ended.seconds_monitor),
        ):
            self.seconds.labels(part).observe(seconds)
        self.steered.inc(ended.steered)
        self.drifts.inc(ended.drift_alert)

    def page(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self.registry)

    def _category(self, name: str) -> str:
        if len(self._categories) < MOST_CATEGORIES:
            self._categories.add(name)
        return name if name in self._categories else "other"

    def _counter(self, name: str, help_: str, *labels: str) -> Counter:
        return Counter(PREFIX + name, help_, labels, registry=self.registry)

    def _gauge(self, name: str, help_: str) -> Gauge:
        return Gauge(PREFIX + name, help_, registry=self.registry)

    def _histogram(self, name: str, help_: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(PREFIX + name, help_, labels, buckets=buckets, registry=self.registry)
