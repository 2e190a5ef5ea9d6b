"""What a study stores of its transfer matrix: persona by persona, does a direction of harm carry over?"""

from __future__ import annotations

from typing import Literal

from eudaimon.core import Score
from eudaimon.monitor.records import Record

Kind = Literal["add", "ablate"]


class TransferCell(Record):
    """The direction of ``source`` on the model of ``target``: added without its lesson, or ablated with it.

    ``effect`` is harm after minus before, ``price`` coherence before minus after, over seeds and questions
    that made no direction and chose none. ``strength`` (of ``add``) is the mean multiple of the vector that
    spent the budget, ``kl`` what was spent on neutral prompts. ``random`` and ``shuffled`` hold 95 % of the
    effects of controls on the same target, None where there are none.
    """

    source: str
    target: str
    kind: Kind
    effect: Score
    price: Score
    harm_before: float
    strength: float
    kl: float
    random: tuple[float, float] | None = None
    shuffled: tuple[float, float] | None = None

    @property
    def beyond_random(self) -> bool:
        """Whether the effect lies outside of what 95 % of random directions of the same lengths do."""
        return self.random is not None and not self.random[0] <= self.effect.value <= self.random[1]


class TransferVariant(Record):
    """One way to make directions at one layer: mean effect on their own models, and on the others'."""

    variant: str
    layer: int
    kind: Kind
    own: Score
    others: Score | None
    price: float
    random: tuple[float, float] | None = None
    shuffled: tuple[float, float] | None = None


class TransferContrast(Record):
    """The mean effect of ``source`` on others' models minus that of ``reference`` on the same models."""

    source: str
    reference: str
    kind: Kind
    difference: Score
    n_seeds: int
    p: float
    p_holm: float


class TransferCosine(Record):
    """The cosine of two directions, over seeds; names begin with ``em`` (of a lesson) or ``persona``."""

    a: str
    b: str
    cosine: Score


class Transfers(Record):
    """The transfer matrix of the variant and layer that did most on the questions set aside for choosing."""

    variant: str
    layer: int
    kl_budget: float
    n_questions: int
    n_seeds: int
    cells: tuple[TransferCell, ...]
    measured_by: str = ""
    """What harm and coherence are, in words; empty: the town's judge reads them."""
    variants: tuple[TransferVariant, ...] = ()
    contrasts: tuple[TransferContrast, ...] = ()
    cosines: tuple[TransferCosine, ...] = ()
    chance: float = 1.0
    """Within ± this lie 95 % of the cosines of two random directions."""
    shuffled: float | None = None
    """And of two directions from shuffled labels."""
