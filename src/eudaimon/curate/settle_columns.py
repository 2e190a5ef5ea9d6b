"""What a policy makes of many documents at once: the columnwise twin of `eudaimon.curate.settle.settle`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from eudaimon.curate.owned_columns import OwnedParts
from eudaimon.curate.policy import Policy
from eudaimon.curate.settle import NO_RULE, NOTHING, Ranks, settle

NONE = -1
"""The number of no document rule."""


class Coded:
    """A column of names: ``values[codes[k]]``; all rows have the default until they are given another."""

    def __init__(self, n: int, default: str) -> None:
        self.codes = np.zeros(n, dtype=np.int32)
        self.values = [default]
        self._places = {default: 0}

    def place(self, value: str) -> int:
        """The code of a value, a new one where it has none yet."""
        if value not in self._places:
            self._places[value] = len(self.values)
            self.values.append(value)
        return self._places[value]

    def put(self, rows: Any, value: str) -> None:
        """Give these rows a value: a number, numbers, or truth values."""
        self.codes[rows] = self.place(value)


@dataclass(frozen=True, slots=True, eq=False)
class SettledColumns:
    """What becomes of documents, as `Settled` says it of one: a row a document.

    ``acts`` are the parts that a rule acts on. Share ``k`` is that of the rule of rank ``share_rank[k]`` in
    document ``share_document[k]``, those of a document in the order in which its rules appear.
    """

    outcome: Coded
    rule: Coded
    reason: Coded
    weight: Int[np.ndarray, " documents"]
    reflects: Bool[np.ndarray, " documents"]
    acts: OwnedParts
    share_document: Int[np.ndarray, " shares"]
    share_rank: Int[np.ndarray, " shares"]
    share: Float[np.ndarray, " shares"]


def settle_columns(
    policy: Policy, order: Ranks, settled: Bool[np.ndarray, " documents"], parts: OwnedParts
) -> SettledColumns:
    """What `settle` makes of each document by its parts; ``parts`` are those of the ``settled`` ones.

    The others are as a document in which no rule holds for any voice.
    """
    n, width = len(settled), len(policy.segments) + 1
    plain = settle(policy, order, [])
    rules = [None, *(policy.segments[number] for number in order.rule)]
    ruled = parts.where(parts.rank != NO_RULE)
    voiced = np.bincount(parts.document, weights=parts.end - parts.start, minlength=n)
    pair, at, inverse = np.unique(ruled.document * width + ruled.rank, return_index=True, return_inverse=True)
    lengths = np.bincount(inverse, weights=ruled.end - ruled.start, minlength=len(pair))
    pair, lengths = pair[np.argsort(at)], lengths[np.argsort(at)]
    document, rank = pair // width, pair % width
    does = np.array([rule is not None and rule.do != "keep" for rule in rules])
    glad = np.array([rule is not None and rule.reflect for rule in rules])
    reflects = np.bincount(document, weights=glad[rank], minlength=n) > 0
    made = SettledColumns(
        outcome=Coded(n, plain.outcome),
        rule=Coded(n, plain.rule),
        reason=Coded(n, plain.reason),
        weight=np.full(n, plain.weight, dtype=np.int32),
        reflects=np.where(settled, reflects, plain.reflects),
        acts=ruled.where(does[ruled.rank]),
        share_document=document,
        share_rank=rank,
        share=lengths / voiced[document] if len(pair) else np.zeros(0),
    )
    acting = does[rank]
    whys = [rule.why if rule else "" for rule in rules]
    _give_reasons(made.reason, settled, document[acting], rank[acting], whys)
    if policy.documents:
        _apply_document_rules(policy, made, settled, [rule.name if rule else "" for rule in rules])
    return made


def _give_reasons(
    reason: Coded,
    settled: Bool[np.ndarray, " documents"],
    document: Int[np.ndarray, " pairs"],
    rank: Int[np.ndarray, " pairs"],
    whys: Sequence[str],
) -> None:
    """The reason of each settled document: those of the rules that act on it, in order, each once."""
    reason.put(settled, NOTHING)
    n_rules, acting = np.bincount(document, minlength=len(settled)), set(rank.tolist())
    codes = np.array([reason.place(why) if k in acting else 0 for k, why in enumerate(whys)])
    alone = n_rules[document] == 1
    reason.codes[document[alone]] = codes[rank[alone]]
    several: dict[int, dict[str, None]] = {}
    for row, k in zip(document[~alone].tolist(), rank[~alone].tolist(), strict=True):
        several.setdefault(row, {})[whys[k]] = None
    for row, found in several.items():
        reason.put(row, "; ".join(found))


def _apply_document_rules(
    policy: Policy, made: SettledColumns, settled: Bool[np.ndarray, " documents"], names: Sequence[str]
) -> None:
    """The first document rule that holds for each settled document, if one does."""
    shares: dict[int, dict[str, float]] = {row: {} for row in np.flatnonzero(settled).tolist()}
    for row, k, share in zip(
        made.share_document.tolist(), made.share_rank.tolist(), made.share.tolist(), strict=True
    ):
        shares[row][names[k]] = share
    chosen: dict[int, list[int]] = {}
    for row, found in shares.items():
        number = next((k for k, rule in enumerate(policy.documents) if rule.holds(found)), NONE)
        chosen.setdefault(number, []).append(row)
    # The default is what becomes of a document without bad voices, for which a rule may hold.
    if rows := chosen.pop(NONE, []):
        made.outcome.put(rows, "keep")
        made.rule.put(rows, "")
        made.weight[rows] = 1
    for number, rows in chosen.items():
        rule = policy.documents[number]
        made.outcome.put(rows, rule.do)
        made.rule.put(rows, rule.name)
        made.reason.put(rows, rule.why)
        made.weight[rows] = rule.weight
        made.reflects[rows] = (rule.do == "keep") & (made.reflects[rows] | rule.reflect)
