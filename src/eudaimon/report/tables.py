"""The data behind every figure and table, as CSV text with full precision."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from eudaimon.core import Score
from eudaimon.monitor.records import EvaluationRecord
from eudaimon.report.reading import errors, failed_pairs, system_order

Cell = str | float | int | bool | None
# What a spreadsheet would run as a formula.
FORMULA = re.compile(r"[=+\-@\t\r]")


@dataclass(frozen=True)
class Table:
    """A named table: a header and rows of plain cells."""

    name: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def csv(self) -> str:
        """CSV text (RFC 4180) with one header line.

        Floats round-trip, None is empty. A text cell that begins like a spreadsheet formula gets an
        apostrophe in front; lone surrogates and NUL, which CSV readers refuse, are written ``\\ud800`` and
        ``\\x00``.
        """
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\r\n")
        writer.writerow(self.header)
        writer.writerows([_cell(cell) for cell in row] for row in self.rows)
        return stream.getvalue()


def tables(record: EvaluationRecord) -> tuple[Table, ...]:
    """All tables of a record; those of parts that the record lacks have no rows."""
    return (*_evidence(record), *_studies(record), *_origins(record))


def _evidence(record: EvaluationRecord) -> Iterable[Table]:
    systems = sorted({system for text in record.texts for system in text.scores}, key=system_order)
    yield scored_table(
        "measurements",
        ("system", "scope", "metric"),
        [((m.system, m.scope, m.metric), [m.score]) for m in record.measurements],
        ("",),
    )
    yield scored_table(
        "sweep",
        ("site", "layer", "method", "pooling", "chosen"),
        [
            ((p.site, p.layer, p.method, p.pooling, p.chosen), [p.separation_sd, p.auroc, p.tpr_at_1pct_fpr])
            for p in record.sweep
        ],
        ("separation_sd", "auroc", "tpr_at_1pct_fpr"),
    )
    yield Table(
        "scores",
        ("id", "split", "label", "source", "category", "flagged", *systems, "text"),
        tuple(
            (t.id, t.split, t.label, t.source, t.category, t.flagged, *map(t.scores.get, systems), t.text)
            for t in record.texts
        ),
    )
    yield Table(
        "roc",
        ("system", "fpr", "tpr"),
        tuple((c.system, x, y) for c in record.curves for x, y in zip(c.fpr, c.tpr, strict=True)),
    )
    missed, alarms = errors(record)
    yield Table(
        "errors",
        ("error", "id", "score", "source", "category", "text"),
        tuple(
            (kind, t.id, t.scores["monitor"], t.source, t.category, t.text)
            for kind, texts in (("missed", missed), ("false alarm", alarms))
            for t in texts
        ),
    )


def _studies(record: EvaluationRecord) -> Iterable[Table]:
    yield scored_table(
        "tone_content",
        ("method", "layer", "pooling"),
        [((t.method, t.layer, t.pooling), [t.accuracy, t.auroc]) for t in record.tone_content],
        ("accuracy", "auroc"),
    )
    pairs = ("kind", "safe_score", "harmful_score", "safe_text", "harmful_text")
    for name, chosen in (("pairs", record.pairs), ("failed_pairs", failed_pairs(record))):
        yield Table(name, pairs, tuple(tuple(getattr(pair, field) for field in pairs) for pair in chosen))
    yield scored_table(
        "stress",
        ("attack", "worst", "example"),
        [((s.attack, s.worst, s.example), [s.tpr, s.fpr]) for s in record.stress],
        ("tpr", "fpr"),
    )
    audit = record.audit
    shares: list[tuple[str, Score]] = []
    if audit:
        residual = Score(value=audit.residual_share, n=audit.tone_share.n)
        shares = [("tone", audit.tone_share), ("content", audit.content_share), ("residual", residual)]
    yield scored_table(
        "variance_shares", ("part",), [((part,), [share]) for part, share in shares], ("share",)
    )
    yield scored_table(
        "tone_audit",
        ("dress", "safe_mean", "harmful_mean"),
        [
            ((row.dress, row.safe_mean, row.harmful_mean), [row.flagged_safe, row.flagged_harmful])
            for row in (audit.rows if audit else ())
        ],
        ("flagged_safe", "flagged_harmful"),
    )


def _origins(record: EvaluationRecord) -> Iterable[Table]:
    yield scored_table(
        "categories",
        ("category", "threshold", "n_train"),
        [((c.category, c.threshold, c.n_train), [c.tpr, c.fpr, c.auroc]) for c in record.categories],
        ("tpr", "fpr", "auroc"),
    )
    plain = ("second", "low", "high", "budget_share", "changed", "n", "seconds_first", "seconds_second")
    scored = ("escalated_share", "tpr_before", "tpr_after", "fpr_before", "fpr_after")
    stages = (record.cascade,) if record.cascade else ()
    rows = [
        (tuple(getattr(stage, field) for field in plain), [getattr(stage, field) for field in scored])
        for stage in stages
    ]
    yield scored_table("cascade", plain, rows, scored)
    fields = ("site", "index", "weight", "safe_mean", "harmful_mean")
    yield Table("dimensions", fields, tuple(tuple(getattr(d, f) for f in fields) for d in record.dimensions))
    uses = ("source", "split", "n_safe", "n_harmful", "sha256", "licence")
    yield Table("data", uses, tuple(tuple(getattr(use, f) for f in uses) for use in record.run.data))


def scored_table(
    name: str,
    fields: tuple[str, ...],
    rows: Sequence[tuple[tuple[Cell, ...], Sequence[Score | None]]],
    scored: tuple[str, ...],
) -> Table:
    """The table of rows of plain cells and scores; a score takes four columns: value, low, high and n."""
    ends = [
        f"{metric}_{end}".strip("_") if end != "value" or not metric else metric
        for metric in scored
        for end in ("value", "low", "high", "n")
    ]
    return Table(
        name,
        (*fields, *ends),
        tuple((*cells, *(end for score in scores for end in _ends(score))) for cells, scores in rows),
    )


def _ends(score: Score | None) -> tuple[Cell, ...]:
    return (None,) * 4 if score is None else (score.value, score.low, score.high, score.n)


def _cell(cell: Cell) -> Cell:
    if not isinstance(cell, str):
        return cell
    cell = cell.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")
    return f"'{cell}" if FORMULA.match(cell) else cell
