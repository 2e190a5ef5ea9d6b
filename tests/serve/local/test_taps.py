"""The newest tokens of a forward, as they are kept: float32 on the CPU, whatever the model computes in."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch

from eudaimon.serve.local.taps import Step

SPEC = importlib.util.spec_from_file_location("pretend", Path(__file__).parents[2] / "pretend_devices.py")
pretend = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(pretend)


def taken(states, sites):
    step = Step(len(states))
    for site, hidden in enumerate(states):
        step.take(site, hidden)
        hidden.zero_()  # as a model that writes on into what its block gave
    return step.at(sites)


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("elsewhere", [False, True])
@pytest.mark.parametrize("sites", [[0, 1, 2], [2], [0, 2]])
def test_the_newest_token_is_a_copy_on_the_cpu(kind, elsewhere, sites):
    values = torch.randn(3, 2, 5, 4, generator=torch.Generator().manual_seed(0)).to(kind)
    wanted = values.float().numpy()[sites, :, -1].swapaxes(0, 1).copy()
    if elsewhere:
        with pretend.pretended():
            found = taken([state.to(pretend.FIRST) for state in values], sites)
    else:
        found = taken([state.clone() for state in values], sites)
    assert type(found) is np.ndarray and found.dtype == np.float32 and np.array_equal(found, wanted)


def test_a_forward_that_ended_early_is_no_look():
    step = Step(2)
    step.take(0, torch.ones(1, 1, 3))
    assert step.at([0]).shape == (1, 1, 3)
    with pytest.raises(RuntimeError, match="before the last site"):
        step.at([0, 1])
