"""Scores as dolma attribute files: rows ``{"id", "attributes": {name: [[start, end, score], ...]}}``.

Numbers are attributes, so that any dolma tool can filter by them. What a number cannot say (voices, parents,
hashes, errors) and which segment has which number stand beside them under ``"eudaimon"``, which such tools
pass over. With it the scores come back exactly; without it, a foreign file gives spans and harm.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from eudaimon.core.errors import BadRows, UsageError
from eudaimon.core.files import read_lines, write_jsonl
from eudaimon.curate.scores import DocumentScores, SegmentScores

PREFIX = "curate__"
OURS = "eudaimon"
_OF_SEGMENT = ("voice", "persona", "parent", "span_hash", "stance", "frame", "subject", "stage", "error")
_OF_DOCUMENT = ("text_hash", "source", "model", "error")


def write_attributes(path: str | Path, scores: Iterable[DocumentScores]) -> Path:
    """Write scores as a dolma attribute file, atomically, in order; compressed as the name's end says.

    Attributes are ``curate__harm_<category>``, ``curate__severity``, ``curate__trait_<trait>``,
    ``curate__hazard``, and ``curate__stance_<stance>`` and ``curate__frame_<stance>`` with score 1.
    """
    return write_jsonl(path, (attribute_row(document) for document in scores))


def read_attributes(path: str | Path) -> Iterator[DocumentScores]:
    """The scores of an attribute file that `write_attributes` wrote, in order and exactly as they were.

    Raises `BadRows` with file and line on a broken row, and on a foreign one: `read_foreign_attributes` reads
    those.
    """
    for where, row in _json_rows(Path(path)):
        if OURS not in row:
            raise BadRows(
                f"{where} was not written by curate",
                do='read_foreign_attributes(path, {"toxic__hate": "hate"})',
            )
        try:
            yield _scores(row)
        except (KeyError, TypeError, ValueError, StopIteration) as error:
            raise BadRows(f"{where}: {error!r} in {OURS}") from error


def read_foreign_attributes(
    path: str | Path, harm: Mapping[str, str], *, model: str = ""
) -> Iterator[DocumentScores]:
    """The spans of another tool's attribute file as segments; ``harm`` maps its attributes to categories.

    Each distinct span is a segment of its own, in order of place; of two attributes of one category the
    higher score counts. Stance, severity and traits stay unscored, and texts unhashed. Raises `UsageError`
    when a row lacks all of the attributes, since not looked at is not the same as harmless, and `BadRows` on
    a broken one.
    """
    for where, row in _json_rows(Path(path)):
        if not set(harm) & set(row["attributes"]):
            raise UsageError(
                f"{where} has none of the attributes {', '.join(harm)}",
                right=f"some of {', '.join(sorted(row['attributes'])) or 'none there'}",
            )
        spans: dict[tuple[int, int], dict[str, float]] = {}
        try:
            for name, category in harm.items():
                for start, end, score in row["attributes"].get(name, ()):
                    found = spans.setdefault((int(start), int(end)), {})
                    found[category] = max(found.get(category, 0.0), float(score))
            segments = tuple(
                SegmentScores(str(row["id"]), *span, harm=spans[span])
                for span in sorted(spans, key=lambda span: (span[0], -span[1]))
            )
        except (TypeError, ValueError) as error:
            raise BadRows(f"{where}: {error}", right="[[start, end, score in [0, 1]], ...]") from error
        yield DocumentScores(str(row["id"]), segments, source=str(row.get("source", "")), model=model)


def attribute_row(document: DocumentScores) -> dict[str, Any]:
    """One row of an attribute file for a document."""
    attributes: dict[str, list[list[float]]] = {f"{PREFIX}segment": []}
    segments = []
    for index, segment in enumerate(document.segments):
        axes = _axes(segment)
        attributes[f"{PREFIX}segment"].append([segment.start, segment.end, index])
        for name, value in axes.items():
            attributes.setdefault(PREFIX + name, []).append([segment.start, segment.end, value])
        # Two segments may have the same span: the names of its numbers say which is whose.
        segments.append({"axes": list(axes), **{name: getattr(segment, name) for name in _OF_SEGMENT}})
    about = {**{name: getattr(document, name) for name in _OF_DOCUMENT}, "segments": segments}
    return {"id": document.id, "attributes": attributes, OURS: about}


def _axes(segment: SegmentScores) -> dict[str, float]:
    """The numbers of a segment under their names in an attribute file."""
    numbers = {f"harm_{name}": value for name, value in segment.harm.items()}
    numbers |= {f"trait_{name}": value for name, value in segment.traits.items()}
    if segment.severity is not None:
        numbers["severity"] = segment.severity
    if segment.hazard is not None:
        numbers["hazard"] = segment.hazard
    if segment.stance is not None:
        numbers[f"stance_{segment.stance}"] = 1.0
    if segment.frame is not None:
        numbers[f"frame_{segment.frame}"] = 1.0
    return numbers


def _scores(row: Mapping[str, Any]) -> DocumentScores:
    about = row[OURS]
    entries = {name: iter(values) for name, values in row["attributes"].items()}
    segments = []
    for ours in about["segments"]:
        start, end, _ = next(entries[f"{PREFIX}segment"])
        numbers = {}
        for name in ours["axes"]:
            *span, numbers[name] = next(entries[PREFIX + name])
            if span != [start, end]:
                raise ValueError(f"{name} of [{start}, {end}) is given for {span}")
        segments.append(
            SegmentScores(
                row["id"],
                start,
                end,
                harm=_named(numbers, "harm_"),
                traits=_named(numbers, "trait_"),
                severity=numbers.get("severity"),
                hazard=numbers.get("hazard"),
                **{name: ours[name] for name in _OF_SEGMENT},
            )
        )
    return DocumentScores(row["id"], tuple(segments), **{name: about[name] for name in _OF_DOCUMENT})


def _named(numbers: Mapping[str, float], prefix: str) -> dict[str, float]:
    return {name.removeprefix(prefix): value for name, value in numbers.items() if name.startswith(prefix)}


def _json_rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, line in read_lines(path):
        where = f"{path}, line {number}"
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise BadRows(f"{where}: not JSON ({error.msg})") from error
        if not isinstance(row, dict) or "id" not in row or not isinstance(row.get("attributes"), dict):
            raise BadRows(f"{where} is no attribute row", right='{"id": "...", "attributes": {...}}')
        yield where, row
