"""Which parts of a card's record answer which question: selections, orders and plain sums, no new figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from eudaimon.core import Score
from eudaimon.curate.audit.records import GroupFinding
from eudaimon.curate.card.record import CardRecord, Example, SourceRow

FATES = {
    "keep": "kept as it is",
    "tag": "tagged",
    "mask": "masked",
    "rewrite": "rewritten",
    "redact": "cut out",
    "drop": "dropped",
    "error": "not scored",
}
ACTED = ("tag", "mask", "rewrite", "redact", "drop")
UNNAMED = "(no source)"
MOST_COLUMNS = 6
REST = "rest of dropped documents"


def total(record: CardRecord) -> SourceRow:
    """All sources as one row."""
    characters: Counter[str] = Counter()
    for row in record.sources:
        characters.update(row.characters)
    rows = record.sources
    return SourceRow(
        source="all",
        n_documents=sum(row.n_documents for row in rows),
        n_dropped=sum(row.n_dropped for row in rows),
        n_errors=sum(row.n_errors for row in rows),
        n_touched=sum(row.n_touched for row in rows),
        n_segments=sum(row.n_segments for row in rows),
        characters={fate: characters[fate] for fate in FATES if characters[fate]},
        read=sum(row.read for row in rows),
    )


def acted(row: SourceRow) -> int:
    """The characters that do not stay as they are, documents that are errors aside."""
    return sum(row.characters.get(fate, 0) for fate in ACTED)


def part(n: int, whole: int) -> float:
    """A share; 0 of nothing."""
    return n / whole if whole else 0.0


def source_name(name: str) -> str:
    """The name of a source, or what stands for none."""
    return name or UNNAMED


@dataclass(frozen=True)
class Matrix:
    """Characters by one property (rows, the most first) and by source (columns), with their sums."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[int, ...], int, int], ...]
    """Name, characters by column, all characters, spans."""
    highest: int


def matrix(record: CardRecord, field: Literal["category", "stance", "rule", "fate"]) -> Matrix:
    """What the policy acts on by a property and by source; of many sources the smaller ones as one column."""
    by_source: Counter[str] = Counter()
    for row in record.removed:
        by_source[row.source] += row.n_characters
    largest = sorted(by_source, key=lambda name: (-by_source[name], name))
    own = largest if len(largest) <= MOST_COLUMNS else largest[: MOST_COLUMNS - 1]
    columns = (*own, *(("others",) if len(own) < len(largest) else ()))
    cells: dict[str, Counter[str]] = {}
    spans: Counter[str] = Counter()
    for row in record.removed:
        name = str(getattr(row, field)) or REST
        place = row.source if row.source in own else "others"
        cells.setdefault(name, Counter())[place] += row.n_characters
        spans[name] += row.n_spans
    ordered = sorted(cells, key=lambda name: (-cells[name].total(), name))
    rows = tuple(
        (name, tuple(cells[name][column] for column in columns), cells[name].total(), spans[name])
        for name in ordered
    )
    highest = max((n for _, line, *_ in rows for n in line), default=0)
    return Matrix(tuple(source_name(column) for column in columns), rows, highest)


def shown(record: CardRecord, *, stays: bool) -> tuple[Example, ...]:
    """The examples that a rule acts on, or those that stay though their score is high."""
    return tuple(example for example in record.examples if (not example.rule) is stays)


def rates(record: CardRecord) -> tuple[tuple[str, str, Score | None], ...]:
    """Title, meaning and value of each rate that the audit found in the corpus."""
    audit = record.audit
    if audit is None:
        return ()
    return (
        ("Precision", "of what is removed is bad", audit.precision),
        ("Recall", "of what is bad is removed", audit.recall),
        ("Over-removal", "of what is good is removed", audit.over_removal),
        ("Prevalence", "of all text is bad", audit.prevalence),
    )


def groups(record: CardRecord, kind: str) -> Sequence[GroupFinding]:
    """The findings by source, by dialect or by identity terms, those with most ratings first."""
    found = record.audit.groups if record.audit else ()
    return sorted(
        (group for group in found if group.kind == kind), key=lambda group: (-group.n_rated, group.name)
    )


def cpu_seconds(record: CardRecord) -> float:
    """All CPU seconds of scoring."""
    return sum(row.cpu_seconds for row in record.stages) + record.other_cpu_seconds
