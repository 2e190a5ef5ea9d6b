"""Modules cut into types and bands: every module once in each, and in one part alone."""

from __future__ import annotations

import pytest

from eudaimon.core import UsageError
from eudaimon.vectors.module_bands import banded

MODULES = tuple(f"model.layers.{n}.{kind}" for n in range(5) for kind in ("attn.q_proj", "mlp.up_proj"))


@pytest.mark.parametrize("n_bands", [1, 2, 5, 9])
def test_every_module_is_once_in_each_kind_of_group(n_bands):
    found = banded(MODULES, n_bands)
    for kind in ("type", "block", "part"):
        members = [name for part in found if part.group[0] == kind for name in part.members]
        assert sorted(members) == sorted(MODULES)
    assert sum(part.group[0] == "block" for part in found) == min(n_bands, 5)


def test_bands_are_neighbours_and_named_by_their_ends():
    assert [part.blocks for part in banded(MODULES, 2) if part.group[0] == "block"] == ["0–2", "3–4"]
    with pytest.raises(UsageError, match="0 bands"):
        banded(MODULES, 0)
