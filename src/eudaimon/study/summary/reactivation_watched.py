"""What the monitors inside a study's attacks came to, arm by arm."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, cast

from eudaimon.evaluate.attack.run import ATTACK, BUDGET, VARIANT
from eudaimon.evaluate.watch.seen import Seen, seen
from eudaimon.evaluate.watch.summary import NONE, Place, watch_scores
from eudaimon.study.reactivation_records import WatchRow

if TYPE_CHECKING:
    from eudaimon.evaluate.attack.attack import Attack
    from eudaimon.evaluate.rows import Row
    from eudaimon.study.summary.compare import Tests


def watch_rows(
    rows: Iterable[Row], attacks: Sequence[Attack], tests: Tests, row_field: str = "arm"
) -> tuple[WatchRow, ...]:
    """The figures of `watch_scores` for each arm, its attacks named as the study's routes are."""
    controls = [(attack.name, one.name) for attack in attacks for one in attack.variants if one.control]
    by_arm: defaultdict[str, dict[Place, list[Seen]]] = defaultdict(dict)
    for (arm, *place), found in seen(rows, lambda row: (str(row.cell[row_field]), *_place(row))).items():
        by_arm[arm][cast("Place", tuple(place))] = found
    return tuple(
        WatchRow(
            row=arm,
            column=one.attack if one.attack == NONE else f"{one.attack}_{one.variant}",
            budget=one.budget,
            what=one.what,
            score=one.score,
            n_seeds=len({each.run for own in found.values() for each in own}),
        )
        for arm, found in by_arm.items()
        for one in watch_scores(found, controls, n_resamples=tests.n_resamples, seed=tests.seed)
    )


def _place(row: Row) -> Place:
    """Attack, variant and budget; the study's cells call attack and variant together the attack."""
    variant = str(row.cell[VARIANT])
    return str(row.cell[ATTACK]).removesuffix(f"_{variant}"), variant, float(cast("float", row.cell[BUDGET]))
