"""One shard's decisions applied to its text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

import numpy as np

from eudaimon.core.document import Document
from eudaimon.core.errors import UsageError
from eudaimon.core.identity import short_hash
from eudaimon.curate import arrow
from eudaimon.curate.apply import Applied, Span, apply
from eudaimon.curate.decide import Decision
from eudaimon.curate.decision_table import decisions, score_tables, span_lists
from eudaimon.curate.redecide import cited_scores
from eudaimon.curate.run.applied_rows import kept_columns, kept_row, removed_rows, untouched_row
from eudaimon.curate.run.apply_folder import ApplyFolder
from eudaimon.curate.run.decide_corpus import DecisionFolder
from eudaimon.curate.run.folder import SCORES
from eudaimon.curate.run.score_shard import documents_of
from eudaimon.curate.score_table import plain
from eudaimon.curate.sources.shard import Shard
from eudaimon.curate.sources.write import OutputFormat, RecordWriter

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
    kept = RecordWriter(folder.folder / "kept", format)
    removed = RecordWriter(folder.folder / "removed")
    counts: Counter[str] = Counter()
    by_source: dict[str, Counter[str]] = {}
    with kept.open(shard.id, kept_columns()) as keep, removed.open(shard.id) as remove:
        for record, document, decision in decided:
            if isinstance(decision, Decision):
                applied = apply(document, decision, rewrites=_rewrites(decision, rewrites))
                if applied.outcome == "keep":
                    keep(kept_row(document, applied, record))
                for row in removed_rows(document, applied, record):
                    remove(row)
                _count(counts, by_source.setdefault(applied.source, Counter()), document, applied)
                continue
            weight, of, scored = decision
            text_hash = short_hash(document.text)
            if scored and scored != text_hash:
                raise _changed(document, shard)
            keep(untouched_row(document, record, of, text_hash, weight))
            for each in (counts, by_source.setdefault(of, Counter())):
                each["documents"] += 1
                each["kept"] += 1
                each["characters"] += len(document.text)
                each["kept_characters"] += len(document.text)
    folder.write_record(
        shard.id,
        made_of,
        {**counts, "by_source": {name: dict(found) for name, found in sorted(by_source.items())}},
        (folder.kept(shard.id, format), folder.removed(shard.id)),
    )


def _decided(source: DecisionFolder, shard: Shard) -> Iterator[tuple[int, Document, Decision | Plain]]:
    """Each document of a shard by its place, with its decision."""
    documents = documents_of(source.scores.plan, shard)
    for place, decision in enumerate(_decisions(source, shard)):
        document = next(documents, None)
        name = decision.id if isinstance(decision, Decision) else decision[0]
        if document is None or plain(document.id) != name:
            raise _changed(document, shard)
        yield place, document, decision if isinstance(decision, Decision) else decision[1:]
    if (extra := next(documents, None)) is not None:
        raise _changed(extra, shard)


def _decisions(source: DecisionFolder, shard: Shard) -> Iterator[Decision | tuple[str, int, str, str]]:

    path = source.scores.shard(shard.id) / SCORES
    removing = {rule.name for rule in source.policy.segments if rule.do in ("redact", "rewrite")}
    for table, scores in zip(source.tables(shard), score_tables(path), strict=True):
        columns = {name: table[name] for name in ("outcome", "reflection", "spans")}
        kept = arrow.among(columns["outcome"], ("keep",))
        acted = arrow.to_numpy(columns["spans"].is_valid())
        touched = ~kept | acted | ~arrow.among(columns["reflection"], ("",))
        rows = np.flatnonzero(touched)
        acting = np.flatnonzero(acted)
        spans_of = span_lists(columns["spans"].take(arrow.numbers(acting)))
        needed = [
            row
            for row, spans in zip(acting.tolist(), spans_of, strict=True)
            if not kept[row] or any(span[2] in removing for span in spans)
        ]
        chosen = table.take(arrow.numbers(rows))
        behind = cited_scores(path, scores, table, np.array(needed, dtype=np.int64))
        of_chosen = {int(np.searchsorted(rows, row)): each for row, each in behind.items()}
        made = decisions(source.policy, chosen, of_chosen)
        names = table["document"].to_pylist()
        weights = table["weight"].to_pylist()
        sources = table["source"].to_pylist()
        hashes = table["text_hash"].to_pylist()
        for row, is_touched in enumerate(touched.tolist()):
            if is_touched:
                yield next(made)
            else:
                yield names[row], weights[row], sources[row] or "", hashes[row] or ""


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
