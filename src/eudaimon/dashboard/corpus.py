"""A scored corpus in numbers: where its text comes from, and what a policy does with it, source by source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from eudaimon.curate.card.cost import CHARACTERS_PER_TOKEN
from eudaimon.curate.card.record import CardRecord, Histogram, SourceRow
from eudaimon.curate.card.words import policy_words
from eudaimon.curate.score_table import WHOLE
from eudaimon.curate.voices.turn import MARKUP
from eudaimon.dashboard.decisions import Decided
from eudaimon.dashboard.tables import Row, ask, parquet

MOST_SOURCES = 30
OTHERS = "(other sources)"
DOCUMENTS = f"""
    documents as (
        select any_value(document) filter (segment = {WHOLE}) as document,
            any_value(span_hash) filter (segment = {WHOLE}) as text_hash,
            coalesce(any_value(source) filter (segment = {WHOLE}), '') as source,
            coalesce(any_value(error) filter (segment = {WHOLE}), '') as error,
            count(*) filter (segment <> {WHOLE} and coalesce(voice, '')::varchar <> '{MARKUP}') as segments,
            coalesce(sum("end" - start) filter (segment <> {WHOLE} and parent is null), 0)::bigint
                as characters
        from (
            select *, sum((segment = {WHOLE})::bigint) over (
                partition by filename order by file_row_number rows unbounded preceding
            ) as number from {{scores}}
        ) group by filename, number
    )
"""
"""The documents of a score table: the rows from one document's own row to the next. Ids may come again."""
ACTIONS = ("tag", "mask", "rewrite", "redact")


def mixture(files: Sequence[Path]) -> list[Row]:
    """Documents, segments, characters and errors of each source, the largest first, small ones as one.

    What is quoted in something else counts once. Raises `BadRows` on files that are damaged.
    """
    return ask(
        f"""
        with {DOCUMENTS}, summed as (
            select source, count(*) as documents, sum(segments)::bigint as segments,
                sum(characters)::bigint as characters, count(*) filter (error <> '') as errors
            from documents group by source
        ), ranked as (select *, row_number() over (order by characters desc, source) as rank from summed)
        select case when rank <= {MOST_SOURCES} then source else '{OTHERS}' end as source,
            sum(documents)::bigint as documents, sum(segments)::bigint as segments,
            sum(characters)::bigint as characters, sum(errors)::bigint as errors
        from ranked group by 1 order by min(rank)
        """,
        {"scores": parquet(files)},
    )


def treated(scores: Sequence[Path], decided: Decided) -> tuple[SourceRow, ...]:
    """What becomes of each source under a policy, as a data safety card counts it, the largest source first.

    Raises `BadRows` on files that are damaged.
    """
    length = (
        """coalesce(list_sum([s."end" - s.start for s in spans if list_contains(?::varchar[], s.rule)]), 0)"""
    )
    summed = ", ".join(
        f"coalesce(sum({length}) filter (outcome = 'keep'), 0)::bigint as {action}" for action in ACTIONS
    )
    rules = [[rule.name for rule in decided.policy.segments if rule.do == action] for action in ACTIONS]
    gone = [*rules[2], *rules[3]]
    rows = ask(
        f"""
        with {DOCUMENTS}, decided as (
            select document, text_hash, any_value(outcome)::varchar as outcome, any_value(weight) as weight,
                any_value(spans) as spans
            from {{decided}} group by document, text_hash
        ), joined as (
            select documents.*, outcome, weight, spans from documents join decided
                on documents.document = decided.document
                and coalesce(documents.text_hash, '') = coalesce(decided.text_hash, '')
        )
        select source, count(*) as n_documents, sum(characters)::bigint as whole,
            count(*) filter (outcome = 'drop') as n_dropped, count(*) filter (outcome = 'error') as n_errors,
            count(*) filter (outcome = 'keep' and spans is not null) as n_touched,
            sum(segments)::bigint as n_segments, {summed},
            coalesce(sum(characters) filter (outcome = 'drop'), 0)::bigint as dropped,
            coalesce(sum(characters) filter (outcome = 'error'), 0)::bigint as error,
            coalesce(sum((characters - {length}) * weight) filter (outcome = 'keep'), 0)::bigint as read
        from joined group by source order by whole desc, source
        """,
        {"scores": parquet(scores), "decided": parquet(decided.files)},
        [*rules, gone],
    )
    return tuple(_source_row(row) for row in rows)


def treated_record(scores: Sequence[Path], decided: Decided, title: str) -> CardRecord:
    """As much of a data safety card as these counts are: for the figures that draw from one."""
    rows = treated(scores, decided)
    shown, rest = rows[:MOST_SOURCES], rows[MOST_SOURCES:]
    return CardRecord(
        title=title,
        policy=policy_words(decided.policy),
        models=(),
        scorer="",
        sources=(*shown, *((_together(rest),) if rest else ())),
        removed=(),
        histogram=Histogram(edges=(), kept=(), removed=()),
        examples=(),
        stages=(),
        characters_per_token=CHARACTERS_PER_TOKEN,
    )


def _source_row(row: Row) -> SourceRow:
    fates = {action: row[action] for action in ACTIONS} | {"drop": row["dropped"], "error": row["error"]}
    fates["keep"] = row["whole"] - sum(fates.values())
    counted = ("n_documents", "n_dropped", "n_errors", "n_touched", "n_segments", "read")
    return SourceRow(
        source=row["source"],
        characters={fate: n for fate, n in fates.items() if n},
        **{name: row[name] for name in counted},
    )


def _together(rows: Sequence[SourceRow]) -> SourceRow:
    """Several sources as one."""
    characters: Counter[str] = Counter()
    for row in rows:
        characters.update(row.characters)
    counted = ("n_documents", "n_dropped", "n_errors", "n_touched", "n_segments", "read")
    return SourceRow(
        source=OTHERS,
        characters=dict(characters),
        **{name: sum(getattr(row, name) for row in rows) for name in counted},
    )
