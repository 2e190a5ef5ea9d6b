"""The tables of a card as CSV; texts of examples are in none of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from eudaimon.core import Score
from eudaimon.curate.card.record import CardRecord
from eudaimon.report.card.reading import FATES, rates
from eudaimon.report.tables import Table, scored_table

REMOVED = ("source", "category", "stance", "rule", "fate", "n_spans", "n_characters")
STAGES = ("stage", "n_documents", "n_segments", "n_characters", "cpu_seconds", "n_changed")
CONTROLS = ("kind", "stratum", "wanted", "drawn", "missing", "seed")
STRATA = ("name", "source", "bin", "sort", "n_segments", "n_drawn")


def card_tables(record: CardRecord) -> tuple[Table, ...]:
    """All tables of a card; those of parts that it lacks have no rows."""
    histogram, audit = record.histogram, record.audit
    counted = ("source", "n_documents", "n_dropped", "n_errors", "n_touched", "n_segments")
    bins = zip(histogram.edges, histogram.edges[1:], histogram.kept, histogram.removed, strict=False)
    groups = audit.groups if audit else ()
    agreement = audit.agreement if audit else ()
    return (
        Table(
            "sources",
            (*counted, *(f"characters_{fate}" for fate in FATES), "before", "after", "read"),
            tuple(
                (
                    *(getattr(row, name) for name in counted),
                    *(row.characters.get(fate, 0) for fate in FATES),
                    row.before,
                    row.after,
                    row.read,
                )
                for row in record.sources
            ),
        ),
        _plain("removed", REMOVED, record.removed),
        Table("histogram", ("low", "high", "kept", "removed"), tuple(bins)),
        _plain("stages", STAGES, record.stages),
        _plain("controls", CONTROLS, record.controls),
        _plain("files", ("name", "n_bytes", "fingerprint"), record.files),
        _plain("audit_strata", STRATA, audit.plan.strata if audit else ()),
        scored_table("audit", ("rate",), _rates(record), ("",)),
        scored_table(
            "audit_groups",
            ("kind", "name", "n_rated"),
            [((g.kind, g.name, g.n_rated), [g.over_removal, g.wrong]) for g in groups],
            ("over_removal", "wrong"),
        ),
        scored_table(
            "agreement",
            ("question", "level", "why_not"),
            [((a.question, a.level, a.why_not), [a.alpha]) for a in agreement],
            ("alpha",),
        ),
    )


def _plain(name: str, fields: Sequence[str], rows: Iterable[Any]) -> Table:
    return Table(name, tuple(fields), tuple(tuple(getattr(row, field) for field in fields) for row in rows))


def _rates(record: CardRecord) -> list[tuple[tuple[str], list[Score | None]]]:
    return [((title.lower(),), [score]) for title, _, score in rates(record)]
