"""`random`: as many tokens as a filter removes, in documents drawn at random within each source.

The control of every filter: what it does beyond this is due to what was removed, not to how much.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from eudaimon.core.errors import UsageError
from eudaimon.train.arm import Arm, Base, Plan, unchanged
from eudaimon.train.arms import drop, good_only, redact
from eudaimon.train.chance import at_random
from eudaimon.train.counting import tokens_in

LIKE = {arm.ARM.name: arm.ARM for arm in (drop, redact, good_only)}


def prepare(base: Base, *, like: str | Mapping[str, float] = "drop") -> Plan:
    """Whole documents, drawn within each source until as many tokens are gone as ``like`` removes of it.

    ``like`` is an arm that removes text, or the share of each source's tokens to remove, in [0, 1]. What was
    removed is replaced by further documents of the same source as they come. Raises `UsageError` on another
    arm, a share out of range or a source that the base does not have.
    """
    positions: dict[str, list[int]] = defaultdict(list)
    for k, source in enumerate(base.sources):
        positions[source].append(k)
    targets = _targets(base, like) if isinstance(like, str) else _shares(base, like)
    ids = [document.id for document in base.documents]
    drawn = [
        k
        for source in positions
        for k in at_random(positions[source], base.sizes, targets.get(source, 0.0), base.seed, ids)
    ]
    return Plan(unchanged, gives_way=dict.fromkeys(drawn, "at random"))


def _targets(base: Base, like: str) -> dict[str, float]:
    """Tokens that an arm removes of each source."""
    if like not in LIKE:
        raise UsageError(
            f"{like!r} removes no text to be matched", right=f"one of {', '.join(LIKE)}", do='like="drop"'
        )
    edit = LIKE[like].prepare(base).edit
    edited = [edit(document) for document in base.documents]
    in_spans = tokens_in([d.text for d in base.documents], [e.cut for e in edited], base.count_tokens)
    targets: dict[str, float] = defaultdict(float)
    for k, result in enumerate(edited):
        targets[base.sources[k]] += base.sizes[k] if result.text is None else in_spans[k]
    return targets


def _shares(base: Base, shares: Mapping[str, float]) -> dict[str, float]:
    """Tokens for the stated shares of each source."""
    if strange := sorted(set(shares) - set(base.sources)):
        raise UsageError(
            f"no document comes from {', '.join(strange)}",
            right=f"shares of {', '.join(sorted(set(base.sources)))}",
        )
    if wrong := [share for share in shares.values() if not 0 <= share <= 1]:
        raise UsageError(f"{wrong[0]} is no share", right="numbers in [0, 1]")
    return {
        source: share * sum(n for n, s in zip(base.sizes, base.sources, strict=True) if s == source)
        for source, share in shares.items()
    }


ARM = Arm("random", prepare)
