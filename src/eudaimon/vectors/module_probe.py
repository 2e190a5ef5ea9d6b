"""Which of an adapter's modules carry what it does: each left out, and each alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
from jaxtyping import Float

from eudaimon.models.adapters.gates import Gates, gate_modules
from eudaimon.vectors.measure import Measure

if TYPE_CHECKING:
    from eudaimon.models.adapters.opening import SubjectModel

GroupKind: TypeAlias = Literal["type", "block", "module", "part"]
Group: TypeAlias = tuple[GroupKind, str, frozenset[str]]
"""What is left out and tried alone together: its kind, its name, its modules."""


@dataclass(frozen=True, eq=False)
class GroupEffect:
    """What a group of modules does: harm of every question without the group, and with nothing else of it.

    ``kind`` says whether the group is one type of module in all blocks, all modules of a block or of
    neighbouring ones, one module, or a type of module in some blocks (part). ``whole`` is harm with all of
    the adapter, ``none`` without any; all in [0, 1].
    """

    kind: GroupKind
    name: str
    n_modules: int
    without: Float[np.ndarray, "q"]
    only: Float[np.ndarray, "q"]
    whole: Float[np.ndarray, "q"]
    none: Float[np.ndarray, "q"]

    @property
    def lost(self) -> Float[np.ndarray, "q"]:
        """Harm that goes when the group is left out, in [-1, 1]: what the others cannot do without it."""
        return np.asarray(self.whole - self.without)

    @property
    def gained(self) -> Float[np.ndarray, "q"]:
        """Harm that comes by the group alone, in [-1, 1]: what it can do without the others."""
        return np.asarray(self.only - self.none)


def probe_modules(
    model: SubjectModel, adapter: str, measure: Measure, among: Iterable[Group] | None = None
) -> tuple[GroupEffect, ...]:
    """The effect of every group of modules of one acting adapter, the others of the stack acting throughout.

    ``measure`` reads harm under gates, all patterns in one call. ``among`` are groups of `gate_modules`, by
    default all of `groups`. The ledger proves the stack before; nothing is changed afterwards. Raises
    `UsageError` as `gate_modules` does.
    """
    modules = gate_modules(model, adapter)
    model.book.prove()
    found = list(groups(modules) if among is None else among)
    patterns = [np.ones(len(modules)), np.zeros(len(modules))]
    for _, _, own in found:
        inside = np.array([module in own for module in modules], dtype=float)
        patterns += [1 - inside, inside]
    table = np.stack(patterns)
    harm, _ = measure(model, Gates(adapter, dict(zip(modules, table.T, strict=True))))
    return tuple(
        GroupEffect(kind, name, len(own), harm[2 + 2 * place], harm[3 + 2 * place], harm[0], harm[1])
        for place, (kind, name, own) in enumerate(found)
    )


def groups(modules: tuple[str, ...]) -> Iterator[Group]:
    """Types of modules, then blocks, then single modules; the last only where they are none of the former."""
    types: dict[str, set[str]] = {}
    blocks: dict[str, set[str]] = {}
    for module in modules:
        types.setdefault(module.rpartition(".")[2], set()).add(module)
        number = next((part for part in module.split(".") if part.isdigit()), "")
        blocks.setdefault(number, set()).add(module)
    shown: set[frozenset[str]] = set()
    named: list[tuple[GroupKind, Mapping[str, set[str]]]] = [("type", types), ("block", blocks)]
    for kind, own in named:
        for name, members in own.items():
            shown.add(frozenset(members))
            yield kind, name, frozenset(members)
    for module in modules:
        if frozenset({module}) not in shown:
            yield "module", module, frozenset({module})
