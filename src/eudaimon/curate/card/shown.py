"""Examples for a card, by chance: of every rule and source, and of what stays though its score is high."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

import numpy as np

from eudaimon.core.document import Document
from eudaimon.curate.audit.items import ranks
from eudaimon.curate.audit.records import AuditItem
from eudaimon.curate.audit.texts import with_texts
from eudaimon.curate.card.record import Example
from eudaimon.curate.decided import FATES, DecidedTable
from eudaimon.curate.policy import Policy
from eudaimon.curate.score_table import HARM

OF_EACH, MOST, LONGEST, AROUND = 3, 24, 600, 160
HIGH = 0.5
"""The harm probability from which on it is worth seeing why a segment stays."""
KEPT = "stays"
_Entry = tuple[int, Example]


@dataclass
class Shown:
    """Examples by rule and source: of each a few with the lowest ranks, which hang on ids and the seed."""

    policy: Policy
    seed: int
    lowest: dict[tuple[str, str], list[_Entry]] = field(default_factory=dict)

    def add(self, table: DecidedTable) -> None:
        """Look through a table."""
        rank, sources = ranks(table, self.seed), table.heads("source")
        rules = {rule.name: rule for rule in self.policy.segments}
        outcomes = table.decided["outcome"].to_pylist()
        for number, spans in table.spans():
            for span in spans if outcomes[number] != "error" else ():
                row = int(table.starts[number]) + 1 + span["segments"][0]
                key = (span["rule"], sources[number])
                if self._wanted(key, int(rank[row])):
                    rule = rules[span["rule"]]
                    fate = rule.do if outcomes[number] == "keep" else "drop"
                    made = _example(table, row, sources[number], fate, rule.name, rule.why)
                    place = {"start": span["start"], "end": span["end"]}
                    self._keep(key, int(rank[row]), made.model_copy(update=place))
        stays = table.voiced & (table.fate == FATES.index("keep")) & (np.nan_to_num(table.harm) >= HIGH)
        for row in np.flatnonzero(stays).tolist():
            key = (KEPT, sources[table.document[row]])
            if self._wanted(key, int(rank[row])):
                self._keep(key, int(rank[row]), _example(table, row, key[1], "keep", "", ""))

    def examples(self, documents: Iterable[Document] | None) -> tuple[Example, ...]:
        """The examples, those of rules first, rules and sources taking turns; with their texts if there are.

        Raises `UsageError` when a document is missing or is not the text that was scored.
        """
        found: list[Example] = []
        for stays in (False, True):
            groups = [v for key, v in sorted(self.lowest.items()) if (key[0] == KEPT) is stays]
            turns = zip_longest(*([example for _, example in group] for group in groups))
            chosen = [example for turn in turns for example in turn if example is not None]
            found += chosen[: MOST // 3 if stays else MOST]
        return tuple(found if documents is None else _with_texts(found, documents))

    def _wanted(self, key: tuple[str, str], rank: int) -> bool:
        known = self.lowest.get(key, [])
        return len(known) < OF_EACH or rank < known[-1][0]

    def _keep(self, key: tuple[str, str], rank: int, example: Example) -> None:
        known = self.lowest.setdefault(key, [])
        known.append((rank, example))
        known.sort(key=lambda entry: (entry[0], entry[1].document, entry[1].start))
        del known[OF_EACH:]


def likeliest(table: DecidedTable, row: int) -> tuple[str, float | None]:
    """The likeliest harm of a row and its probability; no name and None where none was scored."""
    harm = {
        name.removeprefix(HARM): float(value)
        for name in table.table.column_names
        if name.startswith(HARM) and (value := table.table[name][row].as_py()) is not None
    }
    category = max(harm, key=lambda name: harm[name], default="")
    return category, harm.get(category)


def _example(table: DecidedTable, row: int, source: str, fate: str, rule: str, why: str) -> Example:
    columns = ("document", "start", "end", "stance", "frame", "severity", "voice")
    values: dict[str, Any] = {name: table.table[name][row].as_py() for name in columns}
    category, harm = likeliest(table, row)
    return Example(
        document=values["document"],
        source=source,
        start=values["start"],
        end=values["end"],
        fate=fate,
        rule=rule,
        why=why,
        category=category,
        stance=values["stance"] or "",
        frame=values["frame"] or "",
        severity=values["severity"],
        harm=harm,
        voice=values["voice"] or "",
    )


def _with_texts(examples: list[Example], documents: Iterable[Document]) -> Iterator[Example]:
    items = [AuditItem(document=e.document, segment=0, start=e.start, end=e.end) for e in examples]
    for example, item in zip(examples, with_texts(items, documents), strict=True):
        text = item.text or ""
        yield example.model_copy(
            update={
                "text": text if len(text) <= LONGEST else text[: LONGEST - 1] + "…",
                "before": item.before[-AROUND:].lstrip(),
                "after": item.after[:AROUND].rstrip(),
            }
        )
