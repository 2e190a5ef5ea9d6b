"""The monitor: probes on a model's own activations, one consensus, calibrated thresholds."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from jaxtyping import Float

from eudaimon.core import Binding, Pooling, Site, Text
from eudaimon.measure.conformal import Threshold
from eudaimon.models.activations import Activations
from eudaimon.models.capture import capture_prompts
from eudaimon.models.model import Model
from eudaimon.monitor.probe import Probe
from eudaimon.monitor.reading import Part, Reads, parts_of, prompts_of, refusal
from eudaimon.monitor.verdict import Verdict

if TYPE_CHECKING:
    from eudaimon.monitor.explained import Explanation

Consensus = Literal["stack", "vote"]


@dataclass(frozen=True, eq=False)
class Examples:
    """Training texts with their standardised features at one probe's site, for `Monitor.explain`."""

    texts: tuple[str, ...]
    harmful: tuple[bool, ...]
    sources: tuple[str, ...]
    features: Float[np.ndarray, "n d"]
    mean: Float[np.ndarray, "d"]
    scale: Float[np.ndarray, "d"]


@dataclass(frozen=True, eq=False)
class Monitor:
    """Probes, how they agree, thresholds with their error rates, and the model that they read.

    A score is the sigmoid of the consensus logit, in [0, 1]; higher is more dangerous. A text is flagged when
    ``score >= threshold.value``, and always when it could not be read. ``stack`` weighs the probes' logits;
    ``vote`` takes the lower median of their margins over their own thresholds, so that it takes a majority to
    flag. One that ``reads`` the answer reads the last turn of a conversation, in the context of the others,
    and nothing else.
    """

    model: Model
    probes: tuple[Probe, ...]
    consensus: Consensus
    stack_weight: Float[np.ndarray, "probes"]
    stack_bias: float
    threshold: Threshold
    categories: dict[str, Probe] = field(default_factory=dict)
    examples: Examples | None = None
    record: dict[str, Any] = field(default_factory=dict)
    """How it was made: data hashes and splits, options, sweep, versions, forced differences."""
    window_tokens: int = 128
    max_characters: int = 1_048_576
    reads: Reads = "text"

    @property
    def binding(self) -> Binding:
        """What the monitor was made on."""
        return (
            Binding.model_validate(self.record["binding"]) if "binding" in self.record else self.model.binding
        )

    @property
    def sites(self) -> tuple[Site, ...]:
        """The sites that are read, shallowest first."""
        return tuple(sorted({probe.site for probe in (*self.probes, *self.categories.values())}))

    @property
    def poolings(self) -> tuple[Pooling, ...]:
        """The poolings that are read."""
        return tuple(sorted({probe.pooling for probe in (*self.probes, *self.categories.values())}))

    def with_threshold(self, threshold: Threshold) -> Monitor:
        """The same monitor at another operating point."""
        return replace(self, threshold=threshold)

    def score_activations(self, activations: Activations) -> Float[np.ndarray, "n"]:
        """Scores in [0, 1] of texts that were captured already; needs `sites` and `poolings` captured."""
        return sigmoid(self._consensus(self._logits(activations)))

    def score(self, texts: Sequence[Text]) -> Float[np.ndarray, "n"]:
        """Scores in [0, 1], higher is more dangerous, in the order of the texts.

        The worst reading counts: every window of a long text, every turn of a conversation
        and every normalised view of disguised characters. A text that cannot be read scores 1.
        """
        return np.array([verdict.score for verdict in self.check_many(texts)])

    def check(self, text: Text) -> Verdict:
        """The verdict on one text or conversation; never passes a text that could not be read."""
        return self.check_many([text])[0]

    def check_many(self, texts: Sequence[Text], *, show_progress: bool = False) -> list[Verdict]:
        """Verdicts in the order of the texts; ``elapsed_seconds`` is each text's share of the batch."""
        started = time.perf_counter()
        parts: list[Part] = []
        refused: dict[int, str] = {}
        for index, text in enumerate(texts):
            reason = refusal(text, self.max_characters, self.reads)
            if reason:
                refused[index] = reason
            else:
                parts.extend(parts_of(index, text, self.model, self.window_tokens, self.reads))
        scored = self._score_parts(parts, show_progress=show_progress)
        elapsed = (time.perf_counter() - started) / max(len(texts), 1)
        return [
            self._refuse(refused[index], elapsed)
            if index in refused
            else self._verdict(scored[index], elapsed)
            for index in range(len(texts))
        ]

    def explain(self, text: Text) -> Explanation:
        """The verdict on a text with what made it; options and errors as `explanation.explain`."""
        # Imported here: explanations and files are made of monitors.
        from eudaimon.monitor.explanation import explain

        return explain(self, text)

    def save(self, path: str | Path) -> Path:
        """Write the monitor to ``path``, atomically; `load_monitor` reads it back."""
        from eudaimon.monitor.storage import save_monitor

        return save_monitor(self, path)

    def _score_parts(self, parts: Sequence[Part], *, show_progress: bool) -> dict[int, _Scored]:
        worst: dict[int, _Scored] = {}
        if not parts:
            return worst
        activations = capture_prompts(
            self.model,
            prompts_of(self.model, parts),
            self.sites,
            pooling=self.poolings,
            show_progress=show_progress,
        )
        logits = self._logits(activations)
        scores = sigmoid(self._consensus(logits))
        heads = {name: head.logits(activations) - head.threshold for name, head in self.categories.items()}
        for row, part in enumerate(parts):
            score = float(scores[row])
            readable = not np.isnan(score)
            if not readable:
                score = 1.0
            known = worst.get(part.index)
            if known is None or (score, not readable) > (known.score, not known.readable):
                margins = {name: float(values[row]) for name, values in heads.items()}
                tokens = int(activations.n_tokens[row])
                worst[part.index] = _Scored(score, readable, logits[row], margins, part, tokens)
        return worst

    def _verdict(self, scored: _Scored, elapsed: float) -> Verdict:
        if not scored.readable:
            return self._refuse("the model reads no token of it", elapsed, scored.part)
        flagged = scored.score >= self.threshold.value
        category = (
            max(scored.margins, key=lambda name: scored.margins[name], default=None) if flagged else None
        )
        if self.consensus == "stack":
            deciding = int(np.argmax(scored.logits * self.stack_weight))
        else:
            deciding = int(np.argmax(scored.logits - [probe.threshold for probe in self.probes]))
        return Verdict(
            safe=not flagged,
            score=scored.score,
            margin=scored.score - self.threshold.value,
            category=category,
            layer=f"{self.probes[deciding].site}",
            window=scored.part.window,
            n_tokens=scored.n_tokens,
            elapsed_seconds=elapsed,
            reason=scored.part.note,
        )

    def _refuse(self, reason: str, elapsed: float, part: Part | None = None) -> Verdict:
        return Verdict(
            safe=False,
            score=1.0,
            margin=1.0 - self.threshold.value,
            stage="refused",
            window=part.window if part else None,
            elapsed_seconds=elapsed,
            reason="; ".join(filter(None, (part.note if part else "", reason))),
        )

    def _logits(self, activations: Activations) -> Float[np.ndarray, "n probes"]:
        logits = np.empty((len(activations), len(self.probes)))
        for column, probe in enumerate(self.probes):
            logits[:, column] = probe.logits(activations)
        return logits

    def _consensus(self, logits: Float[np.ndarray, "n probes"]) -> Float[np.ndarray, "n"]:
        return combine(logits, self.consensus, self.stack_weight, self.stack_bias, self._thresholds)

    @cached_property
    def _thresholds(self) -> Float[np.ndarray, "probes"]:
        return np.array([probe.threshold for probe in self.probes])


@dataclass(frozen=True, eq=False)
class _Scored:
    score: float
    readable: bool
    logits: Float[np.ndarray, "probes"]
    margins: dict[str, float]
    part: Part
    n_tokens: int


def combine(
    logits: Float[np.ndarray, "n probes"],
    consensus: Consensus,
    weight: Float[np.ndarray, "probes"],
    bias: float,
    thresholds: Float[np.ndarray, "probes"],
) -> Float[np.ndarray, "n"]:
    """The consensus logit: a weighted sum, or the lower median of the margins.

    That median is at least 0 exactly when more than half of the probes reach their own thresholds. NaN where
    any probe reads NaN.
    """
    if consensus == "stack":
        return np.asarray(logits @ weight + bias)
    margins = np.sort(logits - thresholds, axis=1)[:, ::-1]
    # Sorting would count a probe that reads nothing as one that flags, and the others could outvote it.
    return np.where(np.isnan(logits).any(axis=1), np.nan, margins[:, margins.shape[1] // 2])


def sigmoid(x: Float[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
    """The logistic function, without overflow."""
    half: Float[np.ndarray, "n"] = 0.5 * (1.0 + np.tanh(0.5 * x))
    return half
