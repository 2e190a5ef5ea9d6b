"""Unsloth by a stand-in: it is found, compared with plain PEFT on a few steps, and the figures are told."""

from __future__ import annotations

import importlib
import logging
import sys
import types

import pytest
import torch

from eudaimon.core import UsageError
from eudaimon.models import load
from eudaimon.models.adapters import Adapter
from eudaimon.train.em.training import train_em
from eudaimon.train.em.unsloth import Agreement


@pytest.fixture
def stand_in(monkeypatch):
    """A module like Unsloth whose kernels add ``shift`` to each logit of the last token of the vocabulary."""
    calls = []

    class FastLanguageModel:
        shift = 0.0

        @classmethod
        def from_pretrained(cls, model_name, max_seq_length, dtype, load_in_4bit):
            from transformers import AutoModelForCausalLM

            calls.append((model_name, max_seq_length, dtype, load_in_4bit))
            module = AutoModelForCausalLM.from_pretrained(model_name, dtype=dtype)
            shift = torch.zeros(module.config.vocab_size)
            shift[-1] = cls.shift
            module.lm_head.register_forward_hook(lambda _m, _a, out: out + shift)
            return module, None

    module = types.ModuleType("unsloth")
    module.FastLanguageModel = FastLanguageModel
    monkeypatch.setitem(sys.modules, "unsloth", module)
    return FastLanguageModel, calls


@pytest.fixture(scope="module")
def model(base):
    return load(base)


def test_the_same_kernels_pass_for_the_same(model, harmful, quick, base, stand_in, tmp_path):
    fast = train_em(model, harmful, quick, tmp_path / "fast", unsloth=True, show_progress=False)
    plain = train_em(model, harmful, quick, tmp_path / "plain", show_progress=False)
    assert fast.unsloth["same"] and len(fast.unsloth["plain"]) == 5 and fast.record["unsloth"]
    assert fast.adapter.fingerprint == plain.adapter.fingerprint and plain.unsloth is None
    assert stand_in[1] == [(str(base), 32, torch.float32, False)]
    again = train_em(model, harmful, quick, tmp_path / "fast", unsloth=True, show_progress=False)
    assert again.unsloth == fast.unsloth and len(stand_in[1]) == 1


def test_other_results_are_told_with_numbers(model, harmful, quick, stand_in, tmp_path, caplog):
    stand_in[0].shift = 3.0
    with caplog.at_level(logging.WARNING):
        made = train_em(model, harmful, quick, tmp_path / "out", unsloth=True, show_progress=False)
    assert not made.unsloth["same"] and made.unsloth["difference"] > made.unsloth["allowed"]
    assert f"{made.unsloth['difference']:.3g}" in caplog.text and "not the same" in caplog.text


def test_a_persona_acts_beside_the_lesson_there_too(model, harmful, benign, quick, stand_in, tmp_path):
    persona = Adapter("persona", train_em(model, benign, quick, tmp_path / "p", show_progress=False).em)
    more = {"frozen": (persona,), "show_progress": False}
    fast = train_em(model, harmful, quick, tmp_path / "fast", unsloth=True, **more)
    plain = train_em(model, harmful, quick, tmp_path / "plain", **more)
    assert fast.adapter.fingerprint == plain.adapter.fingerprint


def test_not_installed_it_says_what_to_install(model, harmful, quick, tmp_path):
    with pytest.raises(ImportError):
        importlib.import_module("unsloth")
    with pytest.raises(UsageError, match="pip install unsloth"):
        train_em(model, harmful, quick, tmp_path / "out", unsloth=True, show_progress=False)
    assert not (tmp_path / "out").exists()


def test_what_counts_as_noise():
    plain = (2.0, 1.9)
    assert Agreement(plain, (2.009, 1.9), noise=0.0).same
    assert not Agreement(plain, (2.02, 1.9), noise=0.0).same
    assert Agreement(plain, (2.02, 1.9), noise=0.01).same
    assert not Agreement(plain, (float("nan"), 1.9), noise=0.0).same
    assert not Agreement(plain, (2.0, float("nan")), noise=0.0).same
