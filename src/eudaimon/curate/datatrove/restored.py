"""The original text from what a pipeline kept and what it excluded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eudaimon.core.errors import UsageError
from eudaimon.curate.apply import Applied, Inserted, Removed
from eudaimon.curate.datatrove.policy_step import APPLIED, REMOVED
from eudaimon.curate.restore import restore


def restored(kept: Any | None, excluded: Sequence[Any] = ()) -> str:
    """The text of a document as it was before `EudaimonPolicy`, byte for byte.

    ``kept`` is datatrove's document behind that step, None where it was dropped; ``excluded`` are all
    documents of this id from the exclusion writer, in any order. Raises
    `eudaimon.curate.TextLost` where they do not make up the original, and `UsageError` where these are no
    such documents.
    """
    about = [d.metadata.get(REMOVED) for d in excluded]
    own = kept.metadata.get(APPLIED) if kept is not None else next(iter(about), None)
    if own is None or None in about:
        raise UsageError("this document did not come from EudaimonPolicy", right="its kept and excluded text")
    removed = tuple(
        Removed(
            document.id,
            each["start"],
            each["end"],
            document.text,
            each["kind"],
            each["rule"],
            each["why"],
            (),
            each["model"],
            each["policy"],
            each["policy_hash"],
        )
        for document, each in zip(excluded, about, strict=True)
        if each is not None
    )
    inserted = tuple(Inserted(start, end, kind) for start, end, kind in own.get("inserted", ()))
    return restore(
        Applied(
            id=kept.id if kept is not None else excluded[0].id,
            outcome="keep" if kept is not None else "drop",
            reason=own.get("reason", ""),
            text=kept.text if kept is not None else "",
            masks=(),
            inserted=inserted,
            removed=removed,
            weight=1,
            source="",
            model=own["model"],
            policy=own["policy"],
            policy_hash=own["policy_hash"],
            text_hash=own["text_hash"],
        )
    )
