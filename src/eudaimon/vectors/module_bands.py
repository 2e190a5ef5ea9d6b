"""Parts of an adapter that a table can show: types of modules by bands of neighbouring blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eudaimon.core.errors import UsageError
from eudaimon.vectors.module_probe import Group, GroupKind


@dataclass(frozen=True)
class Part:
    """The ``members`` of one type of ``module`` in some ``blocks``; empty stands for all of them.

    Blocks are one number, or first and last one: ``7–13``.
    """

    module: str
    blocks: str
    members: frozenset[str]

    @property
    def group(self) -> Group:
        """The part as `probe_modules` takes it."""
        kind: GroupKind = "part" if self.module and self.blocks else "block" if self.blocks else "type"
        return kind, " ".join(filter(None, (self.module, self.blocks))), self.members


def banded(modules: Sequence[str], n_bands: int) -> tuple[Part, ...]:
    """Every type in all blocks, every band of blocks with all types, and every type in every band.

    Blocks are cut into at most ``n_bands`` bands of neighbours, as equal as they can be. Modules outside of
    the blocks belong to their type alone. Raises `UsageError` for fewer bands than one.
    """
    if n_bands < 1:
        raise UsageError(f"{n_bands} bands of blocks", right="1 or more")
    types = {name: name.rpartition(".")[2] for name in modules}
    numbers = {
        name: next(int(part) for part in name.split(".") if part.isdigit())
        for name in modules
        if any(part.isdigit() for part in name.split("."))
    }
    blocks = sorted(set(numbers.values()))
    cut = [own.tolist() for own in np.array_split(blocks, min(n_bands, len(blocks)))] if blocks else []
    band_of = {block: _named(own) for own in cut for block in own}
    bands = {name: band_of[block] for name, block in numbers.items()}
    order = [_named(own) for own in cut]
    kinds = tuple(dict.fromkeys(types.values()))

    def part(kind: str, band: str) -> Part:
        own = (n for n in modules if kind in ("", types[n]) and band in ("", bands.get(n)))
        return Part(kind, band, frozenset(own))

    found = [part(kind, "") for kind in kinds]
    found += [part("", band) for band in order]
    found += [part(kind, band) for band in order for kind in kinds]
    return tuple(one for one in found if one.members)


def _named(blocks: Sequence[int]) -> str:
    return str(blocks[0]) if len(blocks) == 1 else f"{blocks[0]}–{blocks[-1]}"
