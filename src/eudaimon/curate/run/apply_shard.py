"""One shard's decisions applied to its text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from eudaimon.core.document import Document
from eudaimon.core.errors import UsageError
from eudaimon.core.identity import short_hash
from eudaimon.curate import arrow
from eudaimon.curate.apply import Applied, Span, apply
from eudaimon.curate.decide import Decision
from eudaimon.curate.decision_table import decisions, score_tables, span_lists
from eudaimon.curate.policy import Policy
from eudaimon.curate.redecide import cited_scores
from eudaimon.curate.run.applied_rows import kept_columns, kept_row, removed_rows, untouched_row
from eudaimon.curate.run.apply_folder import ApplyFolder
from eudaimon.curate.run.decide_corpus import DecisionFolder
from eudaimon.curate.run.folder import SCORES
from eudaimon.curate.run.score_shard import documents_of
from eudaimon.curate.score_table import plain
from eudaimon.curate.sources.shard import Shard
from eudaimon.curate.sources.write import OutputFormat, RecordWriter, Write

if TYPE_CHECKING:
    import pyarrow

Rewrites = Mapping[tuple[str, int, int], str]
"""New words by document id, start and end of the span that a policy wants rewritten."""


Plain = tuple[int, str, str]
"""Weight, source and text hash of a document of which nothing is changed; an unknown hash is empty."""


def apply_shard(
    folder: ApplyFolder,
    source: DecisionFolder,
    shard: Shard,
    made_of: str,
    format: OutputFormat,
    rewrites: Rewrites,
) -> None:
    """Write what is kept and what is removed of a shard, and its record last.

    ``shard`` is where the text lies now. Raises `UsageError` when it is not the text that was scored.
    """
    write_shard(folder, shard, made_of, format, _decided(source, shard), rewrites)


def write_shard(
    folder: ApplyFolder,
    shard: Shard,
    made_of: str,
    format: OutputFormat,
    decided: Iterable[tuple[int, Document, Decision | Plain]],
    rewrites: Rewrites = MappingProxyType({}),
) -> None:
    """Write what is kept and what is removed of a shard's documents, by place, and its record last."""
    with shard_rows(folder, shard, format, rewrites) as rows:
        for record, document, decision in decided:
            rows.add(record, document, decision)
    rows.write_record(made_of)


@contextmanager
def shard_rows(
    folder: ApplyFolder, shard: Shard, format: OutputFormat, rewrites: Rewrites = MappingProxyType({})
) -> Iterator[ShardRows]:
    """Writes a shard's rows into files that are there when the block ends well."""
    kept = RecordWriter(folder.folder / "kept", format)
    removed = RecordWriter(folder.folder / "removed")
    with kept.open(shard.id, kept_columns()) as keep, removed.open(shard.id) as remove:
        yield ShardRows(folder, shard, format, rewrites, keep, remove)


class ShardRows:
    """Applies decisions to the documents of a shard and writes their rows; made by `shard_rows`."""

    def __init__(
        self,
        folder: ApplyFolder,
        shard: Shard,
        format: OutputFormat,
        rewrites: Rewrites,
        keep: Write,
        remove: Write,
    ) -> None:
        self.folder, self.shard, self.format, self.rewrites = folder, shard, format, rewrites
        self._keep, self._remove = keep, remove
        self._counts: Counter[str] = Counter()
        self._by_source: dict[str, Counter[str]] = {}
        # Of documents of which nothing is changed, by source: how many, and their characters.
        self._plain: dict[str, tuple[int, int]] = {}

    def add(self, record: int, document: Document, decision: Decision | Plain, *, same: bool = False) -> None:
        """Write what is kept and what is removed of a document, the ``record``-th of the shard.

        With ``same`` it is known that the decision was made on this very text, and no hash is compared.
        """
        if not isinstance(decision, Decision):
            return self._add_plain(record, document, decision, same=same)
        applied = apply(document, decision, rewrites=_rewrites(decision, self.rewrites), same=same)
        if applied.outcome == "keep":
            self._keep(kept_row(document, applied, record))
        for row in removed_rows(document, applied, record):
            self._remove(row)
        _count(self._counts, self._by_source.setdefault(applied.source, Counter()), document, applied)
        return None

    def _add_plain(self, record: int, document: Document, decision: Plain, *, same: bool) -> None:
        weight, of, scored = decision
        text_hash = scored if same and scored else short_hash(document.text)
        if scored and scored != text_hash:
            raise _changed(document, self.shard)
        self._keep(untouched_row(document, record, of, text_hash, weight))
        n, characters = self._plain.get(of, (0, 0))
        self._plain[of] = n + 1, characters + len(document.text)

    def write_record(self, made_of: str) -> None:
        """Say that the shard is finished, and what it counts."""
        for of, (n, characters) in self._plain.items():
            plain = {"documents": n, "kept": n, "characters": characters, "kept_characters": characters}
            for each in (self._counts, self._by_source.setdefault(of, Counter())):
                each.update(plain)
        self._plain.clear()
        by_source = {name: dict(found) for name, found in sorted(self._by_source.items())}
        self.folder.write_record(
            self.shard.id,
            made_of,
            {**self._counts, "by_source": by_source},
            (self.folder.kept(self.shard.id, self.format), self.folder.removed(self.shard.id)),
        )


def _decided(source: DecisionFolder, shard: Shard) -> Iterator[tuple[int, Document, Decision | Plain]]:
    """Each document of a shard by its place, with its decision."""
    documents = documents_of(source.scores.plan, shard)
    path = source.scores.shard(shard.id) / SCORES
    place = 0
    for table, scores in zip(source.tables(shard), score_tables(path), strict=True):
        for name, decision in decided_rows(source.policy, table, scores, path):
            document = next(documents, None)
            if document is None or plain(document.id) != name:
                raise _changed(document, shard)
            yield place, document, decision
            place += 1
    if (extra := next(documents, None)) is not None:
        raise _changed(extra, shard)


def decided_rows(
    policy: Policy, decided: pyarrow.Table, scores: pyarrow.Table, path: Path
) -> Iterator[tuple[str, Decision | Plain]]:
    """The decision on each document of a table of scores, with its id, from the table of decisions on it.

    Scores come with what is removed, and with nothing else.
    """
    removing = {rule.name for rule in policy.segments if rule.do in ("redact", "rewrite")}
    kept = arrow.among(decided["outcome"], ("keep",))
    acted = arrow.to_numpy(decided["spans"].is_valid())
    touched = ~kept | acted | ~arrow.among(decided["reflection"], ("",))
    rows = np.flatnonzero(touched)
    acting = np.flatnonzero(acted)
    spans_of = span_lists(decided["spans"].take(arrow.numbers(acting)))
    needed = [
        row
        for row, spans in zip(acting.tolist(), spans_of, strict=True)
        if not kept[row] or any(span[2] in removing for span in spans)
    ]
    behind = cited_scores(path, scores, decided, np.array(needed, dtype=np.int64))
    of_chosen = {int(np.searchsorted(rows, row)): each for row, each in behind.items()}
    made = decisions(policy, decided.take(arrow.numbers(rows)), of_chosen)
    columns = (arrow.plain_values(decided[name]) for name in ("document", "weight", "source", "text_hash"))
    for is_touched, name, weight, source, text_hash in zip(touched.tolist(), *columns, strict=True):
        yield name, next(made) if is_touched else (weight, source or "", text_hash or "")


def _rewrites(decision: Decision, rewrites: Rewrites) -> dict[Span, str]:
    spans = [(span.start, span.end) for span in decision.spans if span.action == "rewrite"]
    found = {span: rewrites.get((decision.id, *span), "") for span in spans}
    return {span: words for span, words in found.items() if words}


def _count(total: Counter[str], own: Counter[str], document: Document, applied: Applied) -> None:
    for each in (total, own):
        each["documents"] += 1
        each["kept" if applied.outcome == "keep" else f"{applied.outcome}_documents"] += 1
        each["characters"] += len(document.text)
        each["kept_characters"] += len(applied.text) - sum(p.end - p.start for p in applied.inserted)
        each["removed_characters"] += sum(piece.end - piece.start for piece in applied.removed)
        each["masked_characters"] += sum(end - start for start, end in applied.masks)
        each["changed"] += bool(applied.removed or applied.masks or applied.inserted)


def _changed(document: Document | None, shard: Shard) -> UsageError:
    what = f"document {document.id}" if document else "a document that was scored"
    return UsageError(
        f"{shard.file.url}: {what} is not there as it was scored",
        right="the very same files",
        do="eudaimon curate score, and decide again",
    )
