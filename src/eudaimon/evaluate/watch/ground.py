"""A ground whose every reading is watched by a monitor: its own rows, then the monitor's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from eudaimon.core.identity import short_hash
from eudaimon.evaluate.attack.case import Case
from eudaimon.evaluate.rows import Label, Row
from eudaimon.evaluate.subject import subject_hash
from eudaimon.monitor.attacks import attack_named

if TYPE_CHECKING:
    from eudaimon.evaluate.attack.ground import Ground
    from eudaimon.evaluate.watch.exchange import Exchange, TellingGround
    from eudaimon.evaluate.watch.watcher import Looks, Thresholds, Watcher
    from eudaimon.models.model import Model

JUDGE = "monitor"
"""Who gave the rows of a monitor."""
PROMPT, ANSWER = "monitor_prompt", "monitor_answer"
"""Scores of what was put, and of that with the whole answer."""
FLAGGED = "_flagged"
"""Behind these: whether the score reached its threshold, 0 or 1."""
TOKENS, AFTER = "monitor_tokens", "monitor_flagged_after"
"""Tokens of the answer, and those that were out at the first flag; no row where none was raised."""
HARMFUL = "monitor_harmful"
"""Whether the answer does harm, 0 or 1; no row where nobody could judge it."""
REWRITTEN = "~"
"""Before a rewrite's name in the sample of a question that was put in disguise."""


def watched(ground: Ground, watcher: Watcher) -> Ground:
    """The same ground, whose `read` gives the rows of a monitor too: those whose judge is `JUDGE`.

    Raises as the ground and the monitor do; the ground must be one that tells its exchanges.
    """
    return cast("Ground", _Watched(cast("TellingGround", ground), watcher))


class _Watched:
    def __init__(self, ground: TellingGround, watcher: Watcher) -> None:
        self.ground, self.watcher = ground, watcher

    def __getattr__(self, name: str) -> Any:
        return getattr(self.ground, name)

    def read(self, model: Model, cases: Sequence[Case], label: Label) -> list[Row]:
        rows = self.ground.read(model, cases, label)
        told = self.ground.exchanges(model, cases, rows, label)
        for name in self.watcher.rewrites:
            disguised = [case for case in rewritten(cases, name) if _fits(model, case)]
            # The judge's rows of these are of no dose: they only say which tries did harm.
            verdicts = self.ground.read(model, disguised, label) if disguised else []
            told += self.ground.exchanges(model, disguised, verdicts, label)
        return [*rows, *exchange_rows(self.watcher, model, told, label)]


def _fits(model: Model, case: Case) -> bool:
    """Whether the context has room for an answer; a disguise that is too long for it is no try."""
    from eudaimon.models.prompts import prepare

    (prompt,) = prepare(model, [case.text], prefills=[case.prefill])
    return not prompt.truncated and len(prompt) < model.max_tokens


def rewritten(cases: Sequence[Case], name: str) -> tuple[Case, ...]:
    """The cases with what the user says last in a disguise; one that is plain text has a wording already."""
    attack = attack_named(name)
    return tuple(
        replace(case.asked(str(attack(case.request))), sample=f"{case.sample}{REWRITTEN}{name}")
        for case in cases
        if not isinstance(case.text, str)
    )


def exchange_rows(watcher: Watcher, model: Model, exchanges: Sequence[Exchange], label: Label) -> list[Row]:
    """The rows of a monitor on each exchange; raises as the monitor does."""
    subject = subject_hash(model, label)
    return [
        label.row(exchange.question, exchange.sample, metric, value, judge=JUDGE, subject=subject)
        for exchange, looks in zip(exchanges, watcher.look(model, exchanges), strict=True)
        for metric, value in _values(exchange, looks, watcher.thresholds)
    ]


def _values(exchange: Exchange, looks: Looks, at: Thresholds) -> list[tuple[str, float]]:
    prompt, answer = float(looks.scores[0]), float(looks.scores[-1])
    found = [
        (PROMPT, prompt),
        (PROMPT + FLAGGED, float(prompt >= at.prompt)),
        (ANSWER, answer),
        (ANSWER + FLAGGED, float(answer >= at.answer)),
        (TOKENS, float(looks.tokens[-1])),
    ]
    after = looks.flagged_after(at.along)
    found += [] if after is None else [(AFTER, float(after))]
    return found + ([] if exchange.harmful is None else [(HARMFUL, float(exchange.harmful))])


def identity(watcher: Watcher) -> str:
    """16 hex digits that tell a watcher from another: name, thresholds, rewrites."""
    return short_hash([watcher.name, vars(watcher.thresholds), list(watcher.rewrites)])
