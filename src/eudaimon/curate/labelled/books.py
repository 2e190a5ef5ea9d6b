"""Books and textbooks: what nobody labelled because nearly all of it is neutral."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from eudaimon.core.document import Segment
from eudaimon.curate.labelled.meanings import meanings
from eudaimon.curate.labelled.rows import rows
from eudaimon.curate.labelled.segment import LabelledSegment, harmless
from eudaimon.curate.labelled.splits import fraction, sampled, split_of
from eudaimon.curate.taxonomy import Subject
from eudaimon.curate.voices.find import segments
from eudaimon.data.taxonomy import by_rules

BOOKS, TEXTBOOKS = "books", "textbooks"
NARRATION, QUOTATION = "narration", "quotation"
N_PAGES = 3000
A_PAGE = {NARRATION: 2, QUOTATION: 1}
SHORTEST = 20
WEIGHT = 0.5


def read_books(path: str | Path, *, n_pages: int = N_PAGES, seed: int = 0) -> Iterator[LabelledSegment]:
    """Paragraphs and quotations of ``n_pages`` pages of novels, letters and histories, book by book split.

    Rows have ``text`` and ``title``. Two paragraphs and a quotation are taken from a page. Nobody labelled
    them: where the words meet none of the harm rules of `eudaimon.data`, no category is there and the stance
    is none; where they do, a narrator depicts (harm itself unknown) and a quotation stays without labels of
    harm and stance. Both at half weight: novels have villains. Subject: fictional, but for books that are no
    fiction (``labels.yaml``).
    """
    return _read(path, BOOKS, n_pages, seed)


def read_textbooks(path: str | Path, *, n_pages: int = N_PAGES, seed: int = 0) -> Iterator[LabelledSegment]:
    """As `read_books`, from textbooks: no voice is fictional."""
    return _read(path, TEXTBOOKS, n_pages, seed)


def _read(path: str | Path, source: str, n_pages: int, seed: int) -> Iterator[LabelledSegment]:
    pages = sampled(rows(path, "text", "title"), n_pages, lambda row: str(row.get("id", row["text"])), seed)
    for page in pages:
        yield from _page(page, source, seed)


def _page(row: dict[str, Any], source: str, seed: int) -> Iterator[LabelledSegment]:
    text, title = row["text"], row["title"]
    factual = source == TEXTBOOKS or any(part in title for part in meanings().factual_titles)
    found = segments(text, form="prose")
    kinds: dict[str, list[Segment]] = {NARRATION: [], QUOTATION: []}
    for each in found:
        if each.end - each.start >= SHORTEST:
            kinds[NARRATION if each.parent is None else QUOTATION].append(each)
    for kind, entries in kinds.items():
        chosen = sorted(entries, key=lambda each: fraction(f"{text[each.start : each.end]}", seed))
        for each in chosen[: A_PAGE[kind]]:
            yield _segment(text, each, found, source, title, kind, "human" if factual else "fictional")


def _segment(
    text: str,
    each: Segment,
    found: tuple[Segment, ...],
    source: str,
    title: str,
    kind: str,
    subject: Subject,
) -> LabelledSegment:
    group = f"{source}/{title}"
    said = text[each.start : each.end]
    outer = None if each.parent is None else found[each.parent]
    labels: dict[str, Any] = {}
    if by_rules(said) is None:
        labels = {"harm": harmless(), "severity": 0.0, "stance": "none"}
    elif kind == NARRATION:
        labels = {"stance": "depicts"}
    return LabelledSegment(
        said,
        source,
        group,
        split_of(group),
        before=text[max(0, each.start - 500) : each.start],
        after=text[each.end : each.end + 500],
        voice=each.voice,
        frame_text="" if outer is None else text[outer.start : outer.end],
        frame="none" if outer is None else None,
        subject=subject,
        kind=kind,
        weight=WEIGHT,
        **labels,
    )
