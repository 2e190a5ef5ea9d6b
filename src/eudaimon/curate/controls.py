"""Controls of a filter: as much taken out at random, and as much put back of what was approved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from eudaimon.core.errors import UsageError
from eudaimon.curate.draw import Draw, Unit, draw

Units = Callable[[], Iterable[Unit]]


def random_removal(removed: Mapping[str, int], corpus: Units, *, seed: int) -> Draw:
    """Units to remove at random so that each stratum loses as many tokens as a filter removed there.

    ``removed`` are tokens by stratum; ``corpus()`` is all that the filter saw, what it removed included,
    since a control that knows what is bad is none. Each stratum is met to within half of the last unit drawn.
    One seed gives one order, in which a larger removal draws what a smaller one does, and more. Passes and
    memory as in `draw`. Raises `UsageError` when a stratum is not in the corpus.
    """
    seen: set[str] = set()

    def units() -> Iterable[Unit]:
        for unit in corpus():
            seen.add(unit.stratum)
            yield unit

    drawn = draw(removed, units, purpose="removal", seed=seed)
    if strange := sorted(stratum for stratum, n in removed.items() if n and stratum not in seen):
        raise UsageError(
            f"no unit of the corpus comes from {', '.join(strange)}", right="strata that the corpus has"
        )
    return drawn


def backfill(lost: Mapping[str, int], approved: Units, *, seed: int) -> Draw:
    """Units to put in so that each stratum gets back as many tokens as it lost.

    ``approved()`` are units that passed the same policy and are not yet in the corpus. As Deep Ignorance
    replaced what it filtered within its domain. Exactness and order as in `random_removal`; a stratum of
    which nothing is approved is ``missing``, not an error.
    """
    return draw(lost, approved, purpose="backfill", seed=seed)


def tokens_by_stratum(units: Iterable[Unit]) -> dict[str, int]:
    """The tokens of units added up by stratum, in the order of the alphabet."""
    total: dict[str, int] = {}
    for unit in units:
        total[unit.stratum] = total.get(unit.stratum, 0) + unit.n_tokens
    return dict(sorted(total.items()))
