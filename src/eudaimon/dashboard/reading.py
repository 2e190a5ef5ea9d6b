"""What a monitor and directions read in one text: its verdict in words, and maps of layer by token."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from eudaimon.core.errors import UsageError
from eudaimon.core.text import Text, as_conversation, plain_text
from eudaimon.dashboard.every_layer import EveryLayer
from eudaimon.measure.conformal import Threshold
from eudaimon.models.capture import capture_tokens
from eudaimon.models.model import Model
from eudaimon.monitor.explained import TokenPush
from eudaimon.monitor.monitor import Monitor
from eudaimon.monitor.verdict import Verdict
from eudaimon.report.figures.token_map import TokenMap
from eudaimon.report.words import number, percent
from eudaimon.vectors.bound import check_binding
from eudaimon.vectors.direction_set import DirectionSet

TURN = re.compile(r"^(system|user|assistant):[ \t]*", re.MULTILINE)


def text_of(written: str) -> Text:
    """What somebody wrote: a text, or a conversation, whose lines begin with ``user:`` and ``assistant:``.

    A conversation begins with such a line. Raises `UsageError` where there is nothing to read.
    """
    if not written.strip():
        raise UsageError("there is nothing to read", right="a query, or a conversation")
    found = list(TURN.finditer(written))
    if not found or written[: found[0].start()].strip():
        return written
    ends = [one.start() for one in found[1:]] + [len(written)]
    turns = [
        {"role": one[1], "content": written[one.end() : end].strip()}
        for one, end in zip(found, ends, strict=True)
    ]
    return as_conversation(turns)


def probe_map(monitor: Monitor, text: Text) -> TokenMap:
    """What each probe of a monitor reads of each token alone, minus its threshold, from layer to layer.

    The probes were fitted on pooled texts: on single tokens their numbers rank, and are no verdict.
    """
    tokens = capture_tokens(monitor.model, [text], monitor.sites, show_progress=False)
    probes = sorted(monitor.probes, key=lambda probe: (probe.site, probe.method, probe.pooling))
    values = [
        probe.read(tokens.values[:, tokens.sites.index(probe.site)]) - probe.threshold for probe in probes
    ]
    names = tuple(f"{probe.site} {probe.method}" for probe in probes)
    unit = "logit over the probe's own threshold"
    return TokenMap(names, _pieces(text, tokens.spans), np.stack(values), unit, marked=frozenset(names))


def direction_map(model: Model, directions: DirectionSet, text: Text, *, force: bool = False) -> TokenMap:
    """How far each token lies along the directions of a file, in within-class SD from where the classes part.

    Raises `BindingMismatch` for directions of another model unless ``force``.
    """
    check_binding(directions.binding, model.binding, "directions", force=force)
    tokens = capture_tokens(model, [text], list(directions.sites), show_progress=False)
    values = [one.margin(tokens.values[:, tokens.sites.index(one.site)]) for one in directions]
    away, toward = directions.directions[0].classes
    names = tuple(map(str, directions.sites))
    unit = "within-class SD from where the two part"
    return TokenMap(names, _pieces(text, tokens.spans), np.stack(values), unit, toward, away)


def every_layer_map(monitor: Monitor, found: EveryLayer, text: Text) -> TokenMap:
    """As `direction_map` along a direction at each layer, with the layers that the monitor reads marked."""
    drawn = direction_map(monitor.model, found.directions, text)
    read = frozenset(str(site) for site in monitor.sites)
    return replace(drawn, marked=read, beside=found.auroc, beside_name="AUROC")


def verdict_words(verdict: Verdict, threshold: Threshold) -> str:
    """The verdict in one sentence, with the threshold and how often it is wrong on harmless text."""
    if verdict.stage == "refused":
        return f"Flagged without reading: {verdict.reason}."
    what = "Not flagged" if verdict.safe else "Flagged"
    kind = f" as {verdict.category}" if verdict.category else ""
    where = f"; {verdict.reason}" if verdict.reason else ""
    return (
        f"{what}{kind}: score {number(verdict.score, 4)}, threshold {number(threshold.value, 4)}, "
        f"read at layer {verdict.layer}{where}."
    )


def bound_words(threshold: Threshold) -> str:
    """How often harmless text of the calibrated kind reaches the threshold, and on how many that rests."""
    return (
        f"Of harmless text like that of its calibration (n = {threshold.n}) at most "
        f"{percent(threshold.target_fpr)} is flagged on average, and with 95 % confidence less than "
        f"{percent(threshold.fpr_bound)}. "
        "Other text may be flagged more often."
    )


def pushed(text: Text, tokens: Sequence[TokenPush]) -> list[tuple[str, float, str]]:
    """The whole text in pieces, each with its push and words on it: tokens, and what lies between them."""
    plain, end = plain_text(text), 0
    found: list[tuple[str, float, str]] = []
    for token in sorted(tokens, key=lambda one: (one.start, one.end)):
        if token.start > end:
            found.append((plain[end : token.start], 0.0, ""))
        start = max(token.start, end)  # byte-level tokens may share a character
        if token.end > start:
            found.append((plain[start : token.end], token.push, f"push {token.push:+.3f}"))
        end = max(end, token.end)
    return [*found, (plain[end:], 0.0, "not read")] if plain[end:] else found


def _pieces(text: Text, spans: np.ndarray) -> tuple[str, ...]:
    plain = plain_text(text)
    return tuple(plain[start:end] for start, end in spans.tolist())
