"""A folder of scores counted under a policy: by source, harm, stance and score, and some to be shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from eudaimon.curate import arrow
from eudaimon.curate.card.record import OTHER_SOURCES, Histogram, RemovedRow, SourceRow
from eudaimon.curate.card.shown import Shown, likeliest
from eudaimon.curate.decided import FATES, DecidedTable, decided_tables
from eudaimon.curate.policy import Policy
from eudaimon.curate.score_table import WHOLE

N_BINS = 40
MOST_SOURCES = 30
MOST_REASONS = 20
_Key = tuple[str, str, str, str, str]


@dataclass
class Tally:
    """Counts of a corpus under a policy, added up table by table; memory grows with sources alone."""

    policy: Policy
    shown: Shown
    sources: dict[str, Counter[str]] = field(default_factory=dict)
    spans: Counter[_Key] = field(default_factory=Counter)
    characters: Counter[_Key] = field(default_factory=Counter)
    by_score: np.ndarray = field(default_factory=lambda: np.zeros((2, N_BINS), dtype=np.int64))
    n_unscored: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    models: set[str] = field(default_factory=set)

    def add(self, table: DecidedTable) -> None:
        """Count the documents of a table."""
        self.models.update(table.heads("model"))
        self._add_scores(table)
        self._add_documents(table)
        self.shown.add(table)

    def source_rows(self) -> tuple[SourceRow, ...]:
        """The sources, the largest first; smaller ones than the first thirty as one."""
        names = self._names()
        merged: dict[str, Counter[str]] = {}
        for source, counts in self.sources.items():
            merged.setdefault(names[source], Counter()).update(counts)
        rows = [_row(source, counts) for source, counts in merged.items()]
        return tuple(sorted(rows, key=lambda row: (row.source == OTHER_SOURCES, -row.before, row.source)))

    def removed_rows(self) -> tuple[RemovedRow, ...]:
        """What the policy acts on, in the order of the alphabet."""
        names = self._names()
        spans: Counter[_Key] = Counter()
        characters: Counter[_Key] = Counter()
        for counter, merged in ((self.spans, spans), (self.characters, characters)):
            for (source, *rest), n in counter.items():
                merged[names[source], rest[0], rest[1], rest[2], rest[3]] += n
        return tuple(
            RemovedRow(
                source=key[0],
                category=key[1],
                stance=key[2],
                rule=key[3],
                fate=key[4],
                n_spans=spans[key],
                n_characters=n,
            )
            for key, n in sorted(characters.items())
        )

    def histogram(self) -> Histogram:
        """Segments by score, in bins of equal width over [0, 1]."""
        kept, removed = self.by_score.tolist()
        edges = tuple(float(edge) for edge in np.linspace(0, 1, N_BINS + 1))
        return Histogram(edges=edges, kept=kept, removed=removed, n_unscored=self.n_unscored)

    def _names(self) -> dict[str, str]:
        largest = sorted(self.sources, key=lambda name: (-self.sources[name]["scored"], name))
        return {name: name if k < MOST_SOURCES else OTHER_SOURCES for k, name in enumerate(largest)}

    def _add_scores(self, table: DecidedTable) -> None:
        rows = table.voiced & (table.fate != FATES.index("error"))
        scored = rows & ~np.isnan(table.harm)
        self.n_unscored += int((rows & ~scored).sum())
        place = np.minimum((table.harm[scored] * N_BINS).astype(np.int64), N_BINS - 1)
        removed = table.fate[scored] != FATES.index("keep")
        for side in (0, 1):
            self.by_score[side] += np.bincount(place[removed == bool(side)], minlength=N_BINS)

    def _add_documents(self, table: DecidedTable) -> None:
        top = (table.segment != WHOLE) & ~arrow.to_numpy(table.table["parent"].is_valid())
        size = np.zeros(table.table.num_rows)
        start, end = (arrow.to_numpy(table.table[name]) for name in ("start", "end"))
        size[top] = (end - start)[top]
        n = len(table.starts)
        length = np.bincount(table.document, weights=size, minlength=n).astype(np.int64)
        segments = np.bincount(table.document[table.voiced], minlength=n)
        decided = table.decided.select(["outcome", "weight", "reason", "rule"]).to_pydict()
        spans = dict(table.spans())
        for k, source in enumerate(table.heads("source")):
            counts = self.sources.setdefault(source, Counter())
            outcome, all_of_it = decided["outcome"][k], int(length[k])
            counts.update(documents=1, scored=all_of_it, segments=int(segments[k]))
            counts[f"n {outcome}"] += 1
            if outcome == "error":
                self.errors[_short(decided["reason"][k])] += 1
            acted = self._add_spans(table, k, source, outcome, decided["rule"][k], spans.get(k, ()))
            rest = all_of_it - sum(acted.values())
            if outcome == "keep":
                counts["touched"] += bool(acted)
                for action, characters in acted.items():
                    counts[f"c {action}"] += characters
                counts["c keep"] += rest
                stays = rest + acted["tag"] + acted["mask"] + acted["keep"]
                counts["read"] += stays * int(decided["weight"][k])
            else:
                counts[f"c {outcome}"] += all_of_it
                if outcome == "drop" and rest > 0:
                    key = (source, "", "", str(decided["rule"][k]), "drop")
                    self.characters[key] += rest
                    self.spans[key] += 1

    def _add_spans(
        self,
        table: DecidedTable,
        number: int,
        source: str,
        outcome: str,
        rule: str,
        spans: Iterable[dict[str, Any]],
    ) -> Counter[str]:
        """Characters by action; none where the document is an error."""
        acted: Counter[str] = Counter()
        actions = {each.name: each.do for each in self.policy.segments}
        for span in spans if outcome != "error" else ():
            n = span["end"] - span["start"]
            fate = actions[span["rule"]] if outcome == "keep" else outcome
            acted[fate] += n
            category, stance = _behind(table, number, span["segments"])
            key = (source, category, stance, span["rule"] if outcome == "keep" else rule, fate)
            self.spans[key] += 1
            self.characters[key] += n
        return acted


def tally(files: Iterable[str | Path], policy: Policy, *, seed: int = 0) -> Tally:
    """The counts of a corpus whose scores are in these files; raises `BadRows` as `read_scores` does."""
    found = Tally(policy, Shown(policy, seed))
    for path in files:
        for table in decided_tables(policy, path):
            found.add(table)
    return found


def _behind(table: DecidedTable, number: int, segments: list[int]) -> tuple[str, str]:
    """Harm and stance of the one of these segments of a document that has the highest harm probability."""
    rows = [int(table.starts[number]) + 1 + k for k in segments]
    row = max(rows, key=lambda row: np.nan_to_num(table.harm[row], nan=-1.0))
    return likeliest(table, row)[0], table.table["stance"][row].as_py() or ""


def _row(source: str, counts: Counter[str]) -> SourceRow:
    return SourceRow(
        source=source,
        n_documents=counts["documents"],
        n_dropped=counts["n drop"],
        n_errors=counts["n error"],
        n_touched=counts["touched"],
        n_segments=counts["segments"],
        characters={fate: counts[f"c {fate}"] for fate in FATES if counts[f"c {fate}"]},
        read=counts["read"],
    )


def _short(reason: str) -> str:
    return reason if len(reason) <= 100 else reason[:99] + "…"
