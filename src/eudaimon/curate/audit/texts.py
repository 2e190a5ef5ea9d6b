"""The texts of the items of a sample, each in its context, from the corpus that was scored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from eudaimon.core.document import Document
from eudaimon.core.errors import UsageError
from eudaimon.core.identity import span_hash
from eudaimon.curate.audit.records import AuditItem
from eudaimon.curate.score_table import plain

CONTEXT = 600
"""Code points before and after a segment that a rater sees."""


def with_texts(items: Sequence[AuditItem], documents: Iterable[Document]) -> tuple[AuditItem, ...]:
    """The items with their texts and context, in order; documents are read once, up to the last one needed.

    Of several documents of one id, the first with the text that was scored counts. Lone surrogates become
    ``\\udc80``, so that a text can be stored. Raises `UsageError` when a document is missing, or its text is
    not the one that was scored.
    """
    wanted: dict[str, list[int]] = {}
    for index, item in enumerate(items):
        wanted.setdefault(item.document, []).append(index)
    found = list(items)
    changed: set[str] = set()
    for document in documents if wanted else ():
        name = plain(document.id) or ""
        if name not in wanted:
            continue
        left = [index for index in wanted[name] if not _is_of(items[index], document.text)]
        for index in set(wanted[name]) - set(left):
            found[index] = _filled(items[index], document.text)
        if left:
            wanted[name] = left
            changed.add(name)
        else:
            del wanted[name]
        if not wanted:
            break
    if wanted:
        name = next(iter(wanted))
        what = "is not the text that was scored" if name in changed else "is not in the corpus"
        others = f", and {len(wanted) - 1} other(s) neither" if len(wanted) > 1 else ""
        raise UsageError(
            f"document {name} {what}{others}", right="the very files that were scored", do="--corpus PATH"
        )
    return tuple(found)


def _is_of(item: AuditItem, text: str) -> bool:
    """Whether this is the text in which the item was scored."""
    if item.end > len(text):
        return False
    return not item.span_hash or item.span_hash == span_hash(text[item.start : item.end])


def _filled(item: AuditItem, text: str) -> AuditItem:
    parts = {
        "text": text[item.start : item.end],
        "before": text[max(0, item.start - CONTEXT) : item.start],
        "after": text[item.end : item.end + CONTEXT],
    }
    return item.model_copy(update={name: plain(part) for name, part in parts.items()})
