"""``--adapters``: what is fitted under a stack is bound to it, and refuses to be used without it."""

from __future__ import annotations

import json

import pytest

FIT = ("--target-fpr", 0.2, "--sites", "2", "--pooling", "mean", "--method", "logistic", "--n-layers", 1)
MONITOR = (*FIT, "--no-examples", "--no-augment")


@pytest.fixture(scope="module")
def stack(lora):
    return f"persona={lora('persona', 1)},em={lora('em', 2)}"


@pytest.fixture(scope="module")
def identities(lora):
    from eudaimon.models.adapters import Adapter

    return [Adapter("x", lora(name, seed)).identity for name, seed in (("persona", 1), ("em", 2))]


def test_a_direction_is_that_of_the_stack(tiny, split, good, stack, identities, tmp_path):
    import numpy as np

    from eudaimon.vectors import Direction

    command = ("vectors", "extract", "--model", tiny("llama"), *split, "--site", 2)
    with_it, without = tmp_path / "with.safetensors", tmp_path / "without.safetensors"
    found = json.loads(good(*command, "--adapters", stack, "--out", with_it, "--json"))
    good(*command, "--out", without)
    assert found["adapters"] == identities
    one, other = Direction.load(with_it), Direction.load(without)
    assert list(one.binding.adapters) == identities and other.binding.adapters == ()
    assert not np.allclose(one.vector, other.vector, atol=1e-3)


def test_a_sweep_measures_the_stack(tiny, split, good, stack):
    command = ("vectors", "sweep", "--model", tiny("llama"), *split, "--sites", "2", "--resamples", 10)
    rows = [json.loads(good(*command, *more, "--json"))["rows"] for more in ((), ("--adapters", stack))]
    assert rows[0] != rows[1] and len(rows[0]) == len(rows[1])


def test_a_monitor_is_bound_to_the_stack(tiny, split, good, refused, stack, identities, lora, tmp_path):
    file = tmp_path / "monitor.safetensors"
    fit = ("monitor", "fit", "--model", tiny("llama"), *split, *MONITOR, "--adapters", stack)
    assert json.loads(good(*fit, "--out", file, "--json"))["adapters"] == identities
    quick = ("--resamples", 10, "--no-stress", "--no-audit", "--no-study", "--out", tmp_path / "run")
    evaluate = ("monitor", "evaluate", "--monitor", file, *split, *quick)
    # The base is the one in the file.
    assert json.loads(good(*evaluate, "--adapters", stack, "--json"))["monitor"]
    assert "adapter" in refused(*evaluate)
    assert "adapter" in refused(*evaluate, "--adapters", f"persona={lora('persona', 1)}")


def test_a_revision_beside_a_stack_is_refused(tiny, split, refused, stack):
    said = refused(
        "vectors", "sweep", "--model", tiny("llama"), *split, "--adapters", stack, "--revision", "main"
    )
    assert "revision main beside adapters" in said
