"""The texts of the items of a sample, each in its context, from the corpus that was scored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from eudaimon.core.document import Document
from eudaimon.core.errors import UsageError
from eudaimon.core.identity import short_hash
from eudaimon.curate.audit.records import AuditItem
from eudaimon.curate.score_table import plain

CONTEXT = 600
"""Code points before and after a segment that a rater sees."""


def with_texts(items: Sequence[AuditItem], documents: Iterable[Document]) -> tuple[AuditItem, ...]:
    """The items with their texts and context, in order; documents are read once, up to the last one needed.

    Lone surrogates become ``\\udc80``, so that a text can be stored. Raises `UsageError` when a document is
    missing, or its text is not the one that was scored.
    """
    wanted: dict[str, list[int]] = {}
    for index, item in enumerate(items):
        wanted.setdefault(item.document, []).append(index)
    found = list(items)
    for document in documents if wanted else ():
        for index in wanted.pop(plain(document.id) or "", ()):
            found[index] = _filled(items[index], document.text)
        if not wanted:
            break
    if wanted:
        name = next(iter(wanted))
        raise UsageError(
            f"document {name} is not in the corpus, and {len(wanted) - 1} other(s) that were drawn",
            right="the very files that were scored",
        )
    return tuple(found)


def _filled(item: AuditItem, text: str) -> AuditItem:
    said = text[item.start : item.end]
    if item.end > len(text) or (item.span_hash and item.span_hash != short_hash(said)):
        raise UsageError(
            f"segment {item.segment} of document {item.document} is not the text that was scored",
            right="the very same text, code point by code point",
            do="score it again",
        )
    parts = {
        "text": said,
        "before": text[max(0, item.start - CONTEXT) : item.start],
        "after": text[item.end : item.end + CONTEXT],
    }
    return item.model_copy(update={name: plain(part) for name, part in parts.items()})
