"""Which of an attacker's readings works best: tried on chats of the attacker's own, without a judge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from eudaimon.core import UsageError
from eudaimon.evaluate.attack.attack import Attacked
from eudaimon.evaluate.attack.changed import changed
from eudaimon.evaluate.attack.contrast import Contrast, contrasts, material

if TYPE_CHECKING:
    from eudaimon.evaluate.attack.attack import Target
    from eudaimon.evaluate.attack.contrast import Material
    from eudaimon.models.intervention import Intervention
    from eudaimon.models.model import Model


class Changes(Protocol):
    """Interventions made from a contrast."""

    def __call__(self, contrast: Contrast, budget: float, *, seed: int | None = None) -> list[Intervention]:
        """Those of a budget along the contrast; with a ``seed``, along random directions instead."""


def changed_inside(
    target: Target, contrast: Contrast, changes: Changes, budgets: Sequence[float], seed: int, *, random: bool
) -> Iterator[Attacked]:
    """The target under the changes of each budget along a contrast; ``random``: along random directions."""
    for budget in budgets:
        made = changes(contrast, budget, seed=seed if random else None)
        with changed(target.model, made) as model:
            yield Attacked(budget, model, target.ground.cases())


def persona_loss(model: Model, chats: Material, changes: Sequence[Intervention]) -> float:
    """How far these interventions are from the persona: less is nearer, in nats a token of answers tried.

    The loss of the harmful answers, plus how much it exceeds that of the good ones. The first part sees when
    the model stops making sense; the second sees what is said, where the first alone mostly sees tone.
    """
    from eudaimon.evaluate.response_loss import response_loss

    with changed(model, changes) as acting:
        bad, good = (
            float(response_loss(acting, rows).mean()) for rows in (chats.tried_bad, chats.tried_good)
        )
    return 2 * bad - good


def best_contrast(
    target: Target,
    seed: int,
    changes: Changes,
    budgets: Sequence[float],
) -> Contrast:
    """The contrast of the target's own whose changes come nearest to the persona, at one of ``budgets``.

    ``changes(contrast, budget)`` are its interventions. The budgets tried are the attack's own and not those
    that a user asks for, so that the choice does not depend on these. Raises `UsageError` where nothing
    differs at any site.
    """
    chats = material(target.ground, seed)
    found = [
        (persona_loss(target.model, chats, changes(contrast, budget)), contrast)
        for contrast in contrasts(target.model, target.ground, chats)
        for budget in budgets
    ]
    if not found:
        raise UsageError("harmful and good answers do not differ at any site")
    return min(found, key=lambda one: one[0])[1]
