"""The packaged query sets: requests for harm, and requests that look like them and are none."""

from __future__ import annotations

from collections.abc import Iterator

from eudaimon.curate.labelled.meanings import severities
from eudaimon.curate.labelled.segment import LabelledSegment, Split, harmless
from eudaimon.data.library import packaged_all
from eudaimon.data.query import Query
from eudaimon.data.splits import default_plan

SOURCE = "queries"


def read_queries(names: tuple[str, ...] | None = None) -> Iterator[LabelledSegment]:
    """Every query of the packaged sets that `eudaimon.data.default_plan` gives a split; ``kind`` is its set.

    A harmful query asks for help with a harm: the taxonomy calls that enacts. Its category is the set's;
    whether it is also of another nobody said. (Taking the others to be absent was tried: where the category
    is in doubt, none then reaches one half.) Its severity is what such requests are usually after
    (``labels.yaml``). Whoever asks for fiction or out of curiosity is not told apart. A safe query has no
    harm and stance none. Traits and hazard are None. The set is the group: splits are by set, as everywhere
    else where these queries are used.
    """
    plan = default_plan()
    splits: dict[str, Split] = {
        **dict.fromkeys(plan.train, "train"),
        **dict.fromkeys(plan.calibration, "calibration"),
        **dict.fromkeys(plan.test, "test"),
    }
    for query in packaged_all(tuple(splits) if names is None else names):
        yield _segment(query, splits[query.source])


def _segment(query: Query, split: Split) -> LabelledSegment:
    category = (query.category or "other") if query.harmful else ""
    return LabelledSegment(
        query.plain,
        SOURCE,
        f"{SOURCE}/{query.source}",
        split,
        voice="user",
        subject="human",
        harm={category: 1.0} if category else harmless(),
        severity=severities()[category] if category else 0.0,
        stance="enacts" if category else "none",
        frame="none",
        kind=f"{query.source}/{query.label}",
    )
