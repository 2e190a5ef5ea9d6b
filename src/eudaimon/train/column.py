"""Labels from elsewhere: spans with scores for each document id, as dolma attribute files hold them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from eudaimon.core.document import Document
from eudaimon.core.errors import BadRows, UsageError
from eudaimon.core.files import read_lines
from eudaimon.train.labels import Labels
from eudaimon.train.spans import Spans, united

ScoredSpans: TypeAlias = Mapping[str, Sequence[tuple[int, int, float]]]
"""Document id to ``[start, end, score]``, in code points; the higher the score, the surer."""

ENDINGS = (".jsonl", ".json", ".gz", ".zst")


def column(
    attributes: ScoredSpans | str | Path,
    *,
    threshold: float,
    name: str = "harm",
    good: ScoredSpans | str | None = None,
    good_threshold: float = 0.5,
) -> Labels:
    """Labels whose bad spans are those of score >= ``threshold``.

    ``attributes`` is a mapping, or a dolma attribute file (``.jsonl``, ``.gz``, ``.zst``) or a folder of
    them, of whose attributes ``name`` is read. ``good`` says where good personas speak: a mapping, or another
    attribute's name in the same files. A document that the column lacks is an error when it is read, because
    not looked at is not the same as harmless; so are spans beyond the text. Raises `BadRows` on a broken
    file.
    """
    if isinstance(attributes, Mapping):
        bad, label = attributes, name
        if isinstance(good, str):
            raise UsageError(
                f"good={good!r} names an attribute, and there is no file to read it from",
                right="a mapping of document ids to spans",
            )
        well = good
    else:
        path = Path(attributes)
        bad, label = _read(path, name), f"{path.name}:{name}"
        well = _read(path, good) if isinstance(good, str) else good

    def good_spans(document: Document) -> Spans:
        if well is None:
            raise UsageError(
                f"the labels {label} do not say where a good persona speaks",
                right="a second attribute for good personas",
                do=f'column(..., name="{name}", good="good_persona")',
            )
        return _spans(well, document, good_threshold, label)

    return Labels(
        f"{label}>={threshold:g}",
        bad=lambda document: _spans(bad, document, threshold, label),
        good=good_spans,
    )


def _spans(column: ScoredSpans, document: Document, threshold: float, label: str) -> Spans:
    if document.id not in column:
        raise UsageError(
            f"document {document.id} has no entry in the labels {label}",
            right="an entry for every document; an empty list where there is nothing",
            do="the scorer on the whole corpus, then again",
        )
    spans = [(int(start), int(end)) for start, end, score in column[document.id] if score >= threshold]
    if any(not 0 <= start <= end <= len(document.text) for start, end in spans):
        raise UsageError(
            f"the labels {label} of document {document.id} reach beyond its {len(document.text)} characters",
            right="labels made from the very same text, counted in code points",
        )
    return united(spans)


def _read(path: Path, name: str) -> ScoredSpans:
    """The spans of one attribute in a file, or in all files of a folder."""
    if not path.exists():
        raise UsageError(f"{path} does not exist", right="a dolma attribute file or a folder of them")
    files = (
        sorted(p for p in path.rglob("*") if p.is_file() and p.name.endswith(ENDINGS))
        if path.is_dir()
        else [path]
    )
    spans: dict[str, list[tuple[int, int, float]]] = {}
    seen: set[str] = set()
    for file in files:
        for number, line in read_lines(file):
            seen |= _add(spans, line, name, f"{file}, line {number}")
    if name not in seen:
        raise UsageError(
            f"{path} has no attribute {name!r}", right=f"one of {', '.join(sorted(seen)) or 'none there'}"
        )
    return spans


def _add(spans: dict[str, list[tuple[int, int, float]]], line: str, name: str, where: str) -> set[str]:
    """Add one line's spans; the names of its attributes."""
    right = '{"id": "...", "attributes": {"harm": [[start, end, score], ...]}}'
    try:
        row: Any = json.loads(line)
    except json.JSONDecodeError as error:
        raise BadRows(f"{where}: not JSON ({error.msg})", right=right) from error
    if not isinstance(row, dict) or not isinstance(row.get("attributes"), dict) or "id" not in row:
        raise BadRows(f"{where} is no attribute row", right=right)
    entry = spans.setdefault(str(row["id"]), [])
    try:
        entry += [
            (int(start), int(end), float(score)) for start, end, score in row["attributes"].get(name, ())
        ]
    except (TypeError, ValueError) as error:
        raise BadRows(f"{where}: {name} is not a list of [start, end, score]", right=right) from error
    return set(row["attributes"])
