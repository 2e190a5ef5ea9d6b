"""What a corpus turns out to be: documents, tokens, voices and bad voices, counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from eudaimon.core.document import DISTANT
from eudaimon.core.errors import UsageError
from eudaimon.world.personas import PERSONAS
from eudaimon.world.world import World

Group: TypeAlias = Literal["kind", "domain", "persona", "all"]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table: documents (for a persona: those in which it speaks) and their tokens.

    ``bad`` is the share of its tokens that a bad voice speaks, ``depicted`` the share of its documents in
    which harm is depicted or condemned; both in [0, 1].
    """

    group: Group
    name: str
    n_documents: int
    share: float
    n_tokens: int
    bad: float
    depicted: float


def describe(world: World, n: int = 2000) -> tuple[Line, ...]:
    """What the first ``n`` documents are made of, counted, by kind, domain and persona, and all together.

    Raises `UsageError` when ``n`` is under 1.
    """
    if n < 1:
        raise UsageError(f"{n} documents are to be described", right="1 or more")
    sizes, bad_sizes = _sizes(world, n)
    counts: dict[tuple[Group, str], Counter[str]] = {}
    for number, document in enumerate(world.documents(n)):
        segments = document.segments or ()
        depicts = any(s.harm > 0 and (s.frame in DISTANT or s.stance in DISTANT) for s in segments)
        groups: list[tuple[Group, str]] = [
            ("kind", document.metadata["kind"]),
            ("domain", document.metadata["domain"]),
            ("all", "all"),
        ]
        groups += [("persona", name) for name in {segment.persona for segment in segments} if name]
        for group in groups:
            found = counts.setdefault(group, Counter())
            found["documents"] += 1
            found["tokens"] += int(sizes[number])
            found["bad"] += int(bad_sizes[number])
            found["depicts"] += depicts
    order = [("kind", k) for k in world.mixture.kinds] + [("domain", d) for d in world.domains]
    order += [("persona", p) for p in PERSONAS] + [("all", "all")]
    return tuple(
        Line(
            group=group,  # type: ignore[arg-type]
            name=name,
            n_documents=found["documents"],
            share=found["documents"] / n,
            n_tokens=found["tokens"],
            bad=found["bad"] / max(found["tokens"], 1),
            depicted=found["depicts"] / max(found["documents"], 1),
        )
        for group, name in order
        for found in [counts.get((group, name), Counter())]  # type: ignore[arg-type]
    )


def _sizes(world: World, n: int) -> tuple[np.ndarray, np.ndarray]:
    sizes, bad = [], []
    for block in world.blocks(n):
        sizes.append(np.diff(block.offsets))
        bad.append(np.add.reduceat(block.bad.astype(np.int64), block.offsets[:-1]))
    return np.concatenate(sizes), np.concatenate(bad)
