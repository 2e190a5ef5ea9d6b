"""Decisions as a table, one row a document: made from the columns of scores, no object for each segment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from eudaimon.core.errors import BadRows
from eudaimon.curate.condition_columns import Columns, columns_of, lacking_reasons, matching_ranks
from eudaimon.curate.decide import DecidedSpan, Decision, Outcome, pick
from eudaimon.curate.policy import Policy
from eudaimon.curate.score_table import WHOLE, open_scores
from eudaimon.curate.scores import SegmentScores
from eudaimon.curate.settle import Ranks, Settled, owned, ranks, settle
from eudaimon.curate.voices.turn import MARKUP

if TYPE_CHECKING:
    import pyarrow

SpanRow: TypeAlias = tuple[int, int, str, list[int]]


def decision_schema() -> pyarrow.Schema:
    """The columns of a table of decisions.

    ``spans`` says where a policy acts, by which rule, and on the scores of which segments; null where it does
    nothing. ``shares`` are those of the characters that voices say, by rule. What a rule does and why is in
    the policy.
    """
    import pyarrow

    name = pyarrow.dictionary(pyarrow.int32(), pyarrow.string())
    span = [("start", pyarrow.int64()), ("end", pyarrow.int64()), ("rule", pyarrow.string())]
    behind = ("segments", pyarrow.list_(pyarrow.int32()))
    share = [("rule", pyarrow.string()), ("share", pyarrow.float64())]
    return pyarrow.schema(
        [
            pyarrow.field("document", pyarrow.string(), False),
            ("text_hash", pyarrow.string()),
            ("source", name),
            ("model", name),
            ("outcome", name),
            ("rule", name),
            ("reason", name),
            ("weight", pyarrow.int32()),
            ("reflection", name),
            ("spans", pyarrow.list_(pyarrow.struct([*span, behind]))),
            ("shares", pyarrow.list_(pyarrow.struct(share))),
        ]
    )


def score_tables(path: Path, policy: Policy | None = None) -> Iterator[pyarrow.Table]:
    """A file of scores in tables of whole documents, at most a row group and one document each.

    With a policy, only the columns that deciding by it reads, and ids of documents as a dictionary. Raises
    `BadRows` as `read_scores` does.
    """
    import pyarrow

    with open_scores(path, coded=("document",) if policy else ()) as file:
        names = columns_of(policy, file.schema_arrow.names) if policy else None
        rest: pyarrow.Table | None = None
        for group in range(file.num_row_groups):
            table = file.read_row_group(group, columns=names, use_threads=False)
            if rest is not None and rest.num_rows:
                table = pyarrow.concat_tables([rest, table], promote_options="default")
            # The last document may go on in the next row group.
            starts = np.flatnonzero(table["segment"].to_numpy() == WHOLE)
            whole = int(starts[-1]) if len(starts) and group + 1 < file.num_row_groups else table.num_rows
            if whole:
                yield table.slice(0, whole)
            rest = table.slice(whole)


def decide_table(policy: Policy, scores: pyarrow.Table, path: str | Path = "the table") -> pyarrow.Table:
    """The decisions of a policy on a score table of whole documents, in order, as `decision_schema` says.

    The same as `eudaimon.curate.decide` document by document; about a microsecond for each segment of a
    document in which no rule holds. Raises `BadRows`, naming ``path``, where segments are astray.
    """
    import pyarrow

    columns = Columns(scores)
    order = ranks(policy)
    is_head = columns.numbers("segment") == WHOLE
    heads = np.flatnonzero(is_head)
    _check(path, columns, is_head, heads)
    voices = ~is_head & ~columns.among("voice", (MARKUP,))
    found, lacking = matching_ranks(policy, order, columns, voices)
    failed = ~columns.among("error", ("", None))
    document = np.cumsum(is_head) - 1
    n = len(heads)
    holds = np.bincount(document[found > 0], minlength=n) > 0
    errs = np.bincount(document[failed | lacking], minlength=n) > 0

    plain = settle(policy, order, [])
    ids = columns.table["document"].take(pyarrow.array(heads)).cast(pyarrow.string())
    settled: dict[int, Settled] = {
        row: settle(policy, order, parts)
        for row, parts in _owned(path, columns, heads, np.flatnonzero(holds & ~errs), found)
    }
    broken = _errors(policy, columns, heads, np.flatnonzero(errs), failed, lacking)
    names = ids.to_pylist() if policy.reflections else []
    touched: dict[int, tuple[str, str, str, int]] = {
        row: (s.outcome, s.rule, s.reason, s.weight) for row, s in settled.items()
    }
    touched |= {row: ("error", "", reason, 1) for row, reason in broken.items()}
    default = (plain.outcome, plain.rule, plain.reason, plain.weight)
    coded = [_spread(n, default[k], {row: values[k] for row, values in touched.items()}) for k in range(3)]
    weight = np.full(n, plain.weight, dtype=np.int32)
    for row, values in touched.items():
        weight[row] = values[3]
    reflects = {row for row, s in settled.items() if s.reflects}
    if plain.reflects:
        reflects |= set(range(n)) - set(settled) - set(broken)
    reflections = {row: pick(policy.reflections, names[row]) for row in sorted(reflects)}
    spans = {row: _span_rows(policy, order, s) for row, s in settled.items() if s.acts}
    shares = {
        row: [{"rule": rule, "share": share} for rule, share in s.shares.items()]
        for row, s in settled.items()
    }
    schema = decision_schema()
    arrays = [
        ids,
        *(columns.table[name].take(pyarrow.array(heads)) for name in ("span_hash", "source", "model")),
        *coded,
        pyarrow.array(weight),
        _spread(n, "", reflections),
        _sparse(n, spans, schema.field("spans").type),
        _sparse(n, shares, schema.field("shares").type),
    ]
    return pyarrow.table(arrays, schema=schema)


def decisions(
    policy: Policy, table: pyarrow.Table, scores: Mapping[int, Mapping[int, SegmentScores]], start: int = 0
) -> Iterator[Decision]:
    """The rows of a table of decisions as `Decision`s; ``scores`` are those of segments, by row and number.

    ``start`` is the number of the first row. Spans of a row whose scores are not given have none.
    """
    rules = {rule.name: rule for rule in policy.segments}
    acted = span_lists(table["spans"])
    rest = table.drop_columns(["spans"]).to_pylist()
    for number, (row, found) in enumerate(zip(rest, acted, strict=True), start=start):
        spans = []
        for first, end, name, segments in found:
            rule = rules[name]
            known = scores.get(number)
            behind = tuple(known[k] for k in segments) if known else ()
            words = rule.tag or rule.instruction
            spans.append(DecidedSpan(first, end, rule.do, rule.name, rule.why, behind, words))
        outcome: Outcome = row["outcome"]
        yield Decision(
            row["document"],
            outcome,
            row["reason"],
            policy.name,
            policy.hash,
            rule=row["rule"],
            spans=tuple(spans),
            weight=row["weight"],
            reflection=row["reflection"],
            shares={each["rule"]: each["share"] for each in row["shares"] or ()},
            source=row["source"] or "",
            model=row["model"] or "",
            text_hash=row["text_hash"] or "",
        )


def span_lists(column: pyarrow.ChunkedArray) -> list[list[SpanRow]]:
    """The spans of each row of the column ``spans``, none where it is null: start, end, rule, segments.

    A tenth of the time of ``to_pylist``, which makes an object of every number first.
    """
    spans = column.combine_chunks()
    flat = spans.flatten()
    behind = flat.field("segments")
    numbers, ends = behind.flatten().to_pylist(), np.append(0, np.cumsum(behind.value_lengths())).tolist()
    rows = [
        (start, end, rule, numbers[low:high])
        for start, end, rule, low, high in zip(
            flat.field("start").to_numpy().tolist(),
            flat.field("end").to_numpy().tolist(),
            flat.field("rule").to_pylist(),
            ends[:-1],
            ends[1:],
            strict=True,
        )
    ]
    places = np.append(0, np.cumsum(spans.value_lengths().fill_null(0))).tolist()
    return [rows[low:high] for low, high in pairwise(places)]


def _check(path: str | Path, columns: Columns, is_head: np.ndarray, heads: np.ndarray) -> None:
    segment = columns.numbers("segment")
    if len(segment) and not (len(heads) and heads[0] == 0):
        raise BadRows(f"{path}: segments of a document are astray")
    sizes = np.diff(np.append(heads, len(segment)))
    number = np.arange(len(segment)) - np.repeat(heads, sizes) - 1
    if not np.array_equal(number, segment):
        raise BadRows(f"{path}: segments of a document are astray")
    wanted = columns.numbers("n_segments")[heads]
    if len(wrong := np.flatnonzero(sizes - 1 != wanted)):
        name = columns.table["document"][int(heads[wrong[0]])].as_py()
        raise BadRows(
            f"{path}: document {name} has {sizes[wrong[0]] - 1} of {wanted[wrong[0]]:g} segments",
            right="a whole file",
        )


def _owned(
    path: str | Path, columns: Columns, heads: np.ndarray, rows: np.ndarray, found: np.ndarray
) -> Iterator[tuple[int, Any]]:
    """The owned characters of these documents, by number."""
    if not len(rows):
        return
    ends = np.append(heads[1:], len(found))
    start, end = columns.numbers("start"), columns.numbers("end")
    parent, silent = columns.numbers("parent"), columns.among("voice", (MARKUP,))
    for row in rows.tolist():
        part = slice(int(heads[row]) + 1, int(ends[row]))
        above = [None if p != p else int(p) for p in parent[part].tolist()]
        try:
            yield (
                row,
                owned(
                    [int(x) for x in start[part].tolist()],
                    [int(x) for x in end[part].tolist()],
                    above,
                    silent[part].tolist(),
                    found[part].tolist(),
                ),
            )
        except ValueError as error:
            name = columns.table["document"][int(heads[row])].as_py()
            raise BadRows(f"{path}, document {name}: {error}") from error


def _errors(
    policy: Policy,
    columns: Columns,
    heads: np.ndarray,
    rows: np.ndarray,
    failed: np.ndarray,
    lacking: np.ndarray,
) -> dict[int, str]:
    """Why these documents cannot be decided, as `decide` says it: by the first row that speaks against it."""
    if not len(rows):
        return {}
    ends = np.append(heads[1:], len(failed))
    first = []
    for row in rows.tolist():
        part = slice(int(heads[row]), int(ends[row]))
        against = failed[part] if failed[part].any() else lacking[part]
        first.append(part.start + int(against.argmax()))
    table = columns.table.take(first)
    lacks = lacking_reasons(policy, Columns(table))
    errors = table["error"].to_pylist()
    told: dict[int, str] = {}
    for row, place, error, lack in zip(rows.tolist(), first, errors, lacks, strict=True):
        number = place - int(heads[row]) - 1
        segment = f"segment {number}: " if number >= 0 else ""
        told[row] = f"not scored: {segment}{error}" if failed[place] else f"{segment}{lack}"
    return told


def _span_rows(policy: Policy, order: Ranks, settled: Settled) -> list[dict[str, Any]]:
    return [
        {
            "start": start,
            "end": end,
            "rule": policy.segments[order.rule[rank - 1]].name,
            "segments": list(owners),
        }
        for start, end, rank, owners in settled.acts
    ]


def _spread(n: int, default: Any, others: Mapping[int, Any]) -> pyarrow.Array:
    """A column of names with one default."""
    import pyarrow

    values = list(dict.fromkeys([default, *others.values()]))
    place = {value: code for code, value in enumerate(values)}
    codes = np.zeros(n, dtype=np.int32)
    for row, value in others.items():
        codes[row] = place[value]
    return pyarrow.DictionaryArray.from_arrays(codes, pyarrow.array(values, pyarrow.string()))


def _sparse(n: int, rows: Mapping[int, list[Any]], kind: pyarrow.DataType) -> pyarrow.Array:
    """A column of lists, null but for these rows."""
    import pyarrow

    present = sorted(row for row in rows if rows[row])
    lengths = np.zeros(n, dtype=np.int32)
    lengths[present] = [len(rows[row]) for row in present]
    offsets = np.append(0, np.cumsum(lengths)).astype(np.int32)
    values = pyarrow.array([each for row in present for each in rows[row]], kind.value_type)
    mask = pyarrow.array(lengths == 0)
    return pyarrow.ListArray.from_arrays(pyarrow.array(offsets), values, type=kind, mask=mask)
