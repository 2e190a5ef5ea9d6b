"""The spans that a policy takes out or changes, with the reasons: counted over a corpus, and page by page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eudaimon.core.errors import UsageError
from eudaimon.core.files import read_json
from eudaimon.curate.policy import DocumentRule, SegmentRule
from eudaimon.curate.run.apply_folder import MANIFEST
from eudaimon.curate.run.lookup import find_documents
from eudaimon.curate.score_table import plain
from eudaimon.dashboard.decisions import Decided
from eudaimon.dashboard.store import Found
from eudaimon.dashboard.tables import Row, ask, json_lines, parquet

PAGE = 25
UNREADABLE = "unreadable"
CONTEXT = 400
"""Characters around a span that are shown with it."""
SPANS = """
    spans as (
        select document, coalesce(text_hash, '') as text_hash, coalesce(source, '')::varchar as source,
            span.rule as rule, span.start as start, span."end" as "end", '' as reason
        from (select *, unnest(spans) as span from {decided} where outcome = 'keep')
        union all
        select document, coalesce(text_hash, ''), coalesce(source, '')::varchar,
            coalesce(rule, '')::varchar, 0, null, coalesce(reason, '')::varchar
        from {decided} where outcome = 'drop'
    )
"""
"""Spans of documents that are kept, and documents that are dropped as a whole: those have no end."""
CHOSEN = "(? is null or source = ?) and (? is null or rule = ?)"
REMOVED = {
    "id": "VARCHAR", "start": "BIGINT", "end": "BIGINT", "text": "VARCHAR", "kind": "VARCHAR",
    "rule": "VARCHAR", "why": "VARCHAR",
}  # fmt: skip


@dataclass(frozen=True)
class Wanted:
    """Which spans are meant: those of one source and one rule, or of all where these are None."""

    source: str | None = None
    rule: str | None = None

    @property
    def values(self) -> list[str | None]:
        """For the question marks of a query."""
        return [self.source, self.source, self.rule, self.rule]


@dataclass(frozen=True)
class Shown:
    """A span's text with what stands around it."""

    before: str
    text: str
    after: str


def by_rule(decided: Decided) -> list[Row]:
    """For each rule that acts: what it does and why, and its spans, their characters and its documents."""
    rows = ask(
        f"""
        with {SPANS}
        select rule, count(*) filter ("end" is not null) as spans,
            coalesce(sum("end" - start), 0)::bigint as characters,
            count(distinct (document, text_hash)) as documents
        from spans group by rule order by characters desc, documents desc, rule
        """,
        {"decided": parquet(decided.files)},
    )
    words = _words(decided)
    return [
        {**dict(zip(("does", "why"), words.get(row["rule"], ("", "")), strict=True)), **row} for row in rows
    ]


def sources(decided: Decided) -> list[str]:
    """The sources in which the policy acts, by name."""
    query = f"with {SPANS} select distinct source from spans order by source"
    return [row["source"] for row in ask(query, {"decided": parquet(decided.files)})]


def count(decided: Decided, wanted: Wanted) -> int:
    """How many of these spans there are."""
    query = f"with {SPANS} select count(*) as n from spans where {CHOSEN}"
    return int(ask(query, {"decided": parquet(decided.files)}, wanted.values)[0]["n"])


def page(decided: Decided, wanted: Wanted, first: int, most: int = PAGE) -> list[Row]:
    """Some of these spans with their reasons, from the number ``first`` on, always in the same order."""
    rows = ask(
        f"""
        with {SPANS} select * from spans where {CHOSEN}
        order by document, text_hash, start, rule limit ? offset ?
        """,
        {"decided": parquet(decided.files)},
        [*wanted.values, most, first],
    )
    words = _words(decided)
    for row in rows:
        row["does"], why = words.get(row["rule"], ("", ""))
        row["reason"] = row["reason"] or why
    return rows


def text_of(scores: Found, row: Mapping[str, Any]) -> Shown:
    """The text of a span, from the corpus that was scored; raises `UsageError` where that is gone."""
    for document, known in find_documents(scores.path, str(row["document"])):
        if (known.text_hash or "") == row["text_hash"]:
            start, end = int(row["start"]), row["end"]
            end = len(document.text) if end is None else int(end)
            return Shown(
                _plain(document.text[max(0, start - CONTEXT) : start]),
                _plain(document.text[start:end]),
                _plain(document.text[end : end + CONTEXT]),
            )
    raise UsageError(
        f"document {row['document']} is not there as it was scored", right="the very files that were scored"
    )


def removed_files(applied: Found) -> list[Path]:
    """The files of removed text in a curated corpus, as its manifest names them."""
    shards = read_json(applied.path / MANIFEST)["shards"]
    paths = [applied.path / "removed" / f"{row['id']}.jsonl.zst" for row in shards]
    return [path for path in paths if path.is_file() and path.resolve().is_relative_to(applied.path)]


def removed_by_reason(files: Sequence[Path]) -> list[Row]:
    """What was removed from a curated corpus, by kind, rule and reason: pieces and characters.

    Lines that cannot be read are counted as pieces of the kind ``unreadable``.
    """
    return ask(
        f"""
        select coalesce(kind, '{UNREADABLE}') as kind, coalesce(rule, '') as rule, coalesce(why, '') as why,
            count(*) as pieces, coalesce(sum("end" - start), 0)::bigint as characters
        from {{removed}} group by 1, 2, 3 order by characters desc, pieces desc, 1, 2, 3
        """,
        {"removed": json_lines(files, REMOVED)},
    )


def removed_page(files: Sequence[Path], rule: str | None, first: int, most: int = PAGE) -> list[Row]:
    """Some of the removed pieces with their text, in an order that does not change."""
    return ask(
        """
        select * from {removed} where id is not null and (? is null or rule = ?)
        order by id, start limit ? offset ?
        """,
        {"removed": json_lines(files, REMOVED)},
        [rule, rule, most, first],
    )


def _words(decided: Decided) -> dict[str, tuple[str, str]]:
    """What each rule of a policy does, and why."""
    rules: tuple[SegmentRule | DocumentRule, ...] = (*decided.policy.segments, *decided.policy.documents)
    return {rule.name: (rule.do, rule.why) for rule in rules}


def _plain(text: str) -> str:
    return plain(text)
