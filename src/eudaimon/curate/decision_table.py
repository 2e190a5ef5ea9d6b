"""Decisions as a table, one row a document: made from the columns of scores, no object for each segment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from eudaimon.core.errors import BadRows
from eudaimon.curate import arrow
from eudaimon.curate.condition_columns import Columns, columns_of, lacking_reasons, matching_ranks
from eudaimon.curate.decide import DecidedSpan, Decision, pick
from eudaimon.curate.owned_columns import AstrayParents, OwnedParts, Voices, owned_parts
from eudaimon.curate.policy import Policy
from eudaimon.curate.score_table import WHOLE, open_scores
from eudaimon.curate.scores import SegmentScores
from eudaimon.curate.settle import ranks
from eudaimon.curate.settle_columns import Coded, SettledColumns, settle_columns
from eudaimon.curate.stages.spans import ranges
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
            whole = _whole_rows(table)
            if whole:
                yield table.slice(0, whole)
            rest = table.slice(whole)
        if rest is not None and rest.num_rows:
            yield rest


def _whole_rows(table: pyarrow.Table) -> int:
    """How many rows are of whole documents: the last one may go on in the next row group."""
    starts = np.flatnonzero(arrow.to_numpy(table["segment"]) == WHOLE)
    if not len(starts):
        return 0
    last = int(starts[-1])
    wanted = arrow.to_numpy(table["n_segments"].slice(last, 1))[0]
    return table.num_rows if table.num_rows - last - 1 >= wanted else last


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

    settled = holds & ~errs
    made = settle_columns(policy, order, settled, _owned(path, columns, heads, settled, found))
    for row, told in _errors(policy, columns, heads, np.flatnonzero(errs), failed, lacking).items():
        made.outcome.put(row, "error")
        made.rule.put(row, "")
        made.reason.put(row, told)
        made.weight[row], made.reflects[row] = 1, False
    at_heads = arrow.numbers(heads)
    ids = columns.table["document"].take(at_heads).cast(pyarrow.string())
    reflection = Coded(n, "")
    if policy.reflections and made.reflects.any():
        for row in np.flatnonzero(made.reflects).tolist():
            reflection.put(row, pick(policy.reflections, ids[row].as_py()))
    names = [policy.segments[number].name for number in order.rule]
    arrays = [
        ids,
        *(columns.table[name].take(at_heads) for name in ("span_hash", "source", "model")),
        *(arrow.coded(each.codes, each.values) for each in (made.outcome, made.rule, made.reason)),
        arrow.numbers(made.weight),
        arrow.coded(reflection.codes, reflection.values),
        _spans(n, made.acts, names),
        _shares(n, made, names),
    ]
    return pyarrow.table(arrays, schema=decision_schema())


def decisions(
    policy: Policy, table: pyarrow.Table, scores: Mapping[int, Mapping[int, SegmentScores]], start: int = 0
) -> Iterator[Decision]:
    """The rows of a table of decisions as `Decision`s; ``scores`` are those of segments, by row and number.

    ``start`` is the number of the first row. Spans of a row whose scores are not given have none.
    """
    rules = {rule.name: rule for rule in policy.segments}
    names = ("document", "outcome", "reason", "rule", "weight", "reflection", "source", "model", "text_hash")
    columns = [arrow.plain_values(table[name]) for name in names]
    shares = _share_lists(table["shares"])
    for number, (row, acted, share) in enumerate(
        zip(zip(*columns, strict=True), span_lists(table["spans"]), shares, strict=True), start=start
    ):
        spans = []
        for first, end, name, segments in acted:
            rule = rules[name]
            known = scores.get(number)
            behind = tuple(known[k] for k in segments) if known else ()
            words = rule.tag or rule.instruction
            spans.append(DecidedSpan(first, end, rule.do, rule.name, rule.why, behind, words))
        document, outcome, reason, rule_name, weight, reflection, source, model, text_hash = row
        yield Decision(
            document,
            outcome,
            reason,
            policy.name,
            policy.hash,
            rule=rule_name,
            spans=tuple(spans),
            weight=weight,
            reflection=reflection,
            shares=share,
            source=source or "",
            model=model or "",
            text_hash=text_hash or "",
        )


def span_lists(column: pyarrow.ChunkedArray) -> list[list[SpanRow]]:
    """The spans of each row of the column ``spans``, none where it is null: start, end, rule, segments.

    A tenth of the time of ``to_pylist``, which makes an object of every number first.
    """
    spans = column.combine_chunks()
    flat = spans.flatten()
    behind = flat.field("segments")
    numbers = arrow.to_numpy(behind.flatten()).tolist()
    ends = np.append(0, np.cumsum(arrow.to_numpy(behind.value_lengths()))).tolist()
    rows = [
        (start, end, rule, numbers[low:high])
        for start, end, rule, low, high in zip(
            arrow.to_numpy(flat.field("start")).tolist(),
            arrow.to_numpy(flat.field("end")).tolist(),
            flat.field("rule").to_pylist(),
            ends[:-1],
            ends[1:],
            strict=True,
        )
    ]
    places = np.append(0, np.nan_to_num(arrow.to_numpy(spans.value_lengths())).cumsum()).astype(int).tolist()
    return [rows[low:high] for low, high in pairwise(places)]


def _share_lists(column: pyarrow.ChunkedArray) -> list[dict[str, float]]:
    """The shares of each row by rule, none where it is null."""
    shares = column.combine_chunks()
    flat = shares.flatten()
    each = arrow.to_numpy(flat.field("share")).tolist()
    pairs = list(zip(flat.field("rule").to_pylist(), each, strict=True))
    places = np.append(0, np.nan_to_num(arrow.to_numpy(shares.value_lengths())).cumsum()).astype(int).tolist()
    return [dict(pairs[low:high]) for low, high in pairwise(places)]


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
    path: str | Path, columns: Columns, heads: np.ndarray, settled: np.ndarray, found: np.ndarray
) -> OwnedParts:
    """The owned characters of the documents that are ``settled``."""
    sizes = np.where(settled, np.diff(np.append(heads, len(found))) - 1, 0)
    rows = ranges(heads + 1, heads + 1 + sizes)
    first = np.append(0, np.cumsum(sizes))
    parent = np.nan_to_num(columns.numbers("parent")[rows], nan=-1).astype(np.int64)
    start, end = (columns.numbers(name)[rows].astype(np.int64) for name in ("start", "end"))
    silent = columns.among("voice", (MARKUP,))[rows]
    try:
        return owned_parts(Voices(first, start, end, parent, silent, found[rows]))
    except AstrayParents as error:
        name = columns.table["document"][int(heads[error.document])].as_py()
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


def _spans(n: int, acts: OwnedParts, names: Sequence[str]) -> pyarrow.Array:
    """The column of spans: null where there is none."""
    import pyarrow

    kind = decision_schema().field("spans").type
    behind = pyarrow.ListArray.from_arrays(
        arrow.numbers(acts.first.astype(np.int32)), arrow.numbers(acts.owners.astype(np.int32))
    )
    fields = [
        arrow.numbers(acts.start.astype(np.int64)),
        arrow.numbers(acts.end.astype(np.int64)),
        arrow.coded(acts.rank - 1, names).cast(pyarrow.string()),
        behind,
    ]
    return _lists(
        n, acts.document, pyarrow.StructArray.from_arrays(fields, fields=list(kind.value_type)), kind
    )


def _shares(n: int, made: SettledColumns, names: Sequence[str]) -> pyarrow.Array:
    """The column of shares by rule: null where there is none."""
    import pyarrow

    kind = decision_schema().field("shares").type
    fields = [arrow.coded(made.share_rank - 1, names).cast(pyarrow.string()), arrow.numbers(made.share)]
    values = pyarrow.StructArray.from_arrays(fields, fields=list(kind.value_type))
    return _lists(n, made.share_document, values, kind)


def _lists(n: int, row: np.ndarray, values: pyarrow.Array, kind: pyarrow.DataType) -> pyarrow.Array:
    """A column of ``n`` lists of the values of each row, which are in order of rows; null where none is."""
    import pyarrow

    lengths = np.bincount(row, minlength=n)
    offsets = np.append(0, np.cumsum(lengths)).astype(np.int32)
    return pyarrow.ListArray.from_arrays(
        arrow.numbers(offsets), values, type=kind, mask=arrow.truths(lengths == 0)
    )
