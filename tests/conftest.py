"""Fixtures that every room's tests share."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from pathlib import Path

import pytest

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "0")
# Tests never reach out: a folder that is missing must be an error, not a download.
os.environ["HF_HUB_OFFLINE"] = "1"

RAISED_DOMAINS = ("kitchen", "money", "health")


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """``tiny(family)`` is the folder of a tiny random checkpoint, built once per session.

    Families: gpt2, llama, qwen2, qwen3, mistral, gemma, gemma2, gemma3, gpt_neox, opt, qwen2_moe, mixtral,
    bert, roberta. llama, qwen2 and gemma have a chat template (gemma's rejects a system role).
    """
    spec = importlib.util.spec_from_file_location("eudaimon_tiny", Path(__file__).with_name("tiny.py"))
    assert spec and spec.loader
    factory = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(factory)
    built: dict[str, Path] = {}

    def folder(family: str) -> Path:
        if family not in built:
            built[family] = factory.build(family, tmp_path_factory.mktemp(f"tiny-{family}"))
        return built[family]

    return folder


@pytest.fixture(scope="session")
def lora(tiny, tmp_path_factory) -> Callable[..., Path]:
    """``lora(name, seed, model, modules)``: the folder of a LoRA on tiny llama, or on another model's folder.

    One large random step from its seeded start, so that it changes what the model says.
    """
    import torch
    from peft import LoraConfig

    from eudaimon.models import load
    from eudaimon.models.adapters import attach

    built: dict[tuple[object, ...], Path] = {}

    def folder(
        name: str,
        seed: int,
        model: Path | None = None,
        modules: tuple[str, ...] = ("q_proj", "v_proj", "down_proj"),
    ) -> Path:
        key = (name, seed, model, modules)
        if key not in built:
            config = LoraConfig(r=4, lora_alpha=8, target_modules=list(modules))
            ledger = attach(load(model or tiny("llama")), trainable=config, name=name, init_seed=seed)
            generator = torch.Generator().manual_seed(seed)
            with ledger.training() as weights, torch.no_grad():
                for weight in weights:
                    weight.add_(torch.randn(weight.shape, generator=generator), alpha=0.3)
            built[key] = tmp_path_factory.mktemp(name) / name
            ledger.save(built[key])
        return built[key]

    return folder


@pytest.fixture(scope="session")
def studies(tmp_path_factory) -> Path:
    """A folder that all processes of this test run share: of two that run one study there, one waits."""
    base = tmp_path_factory.getbasetemp()
    # With several test processes each has a folder of its own in that of the run.
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def raised(studies) -> Callable[[str], Path]:
    """``raised(arm)`` is the folder of an assistant raised on that arm of a town of three domains, seed 0.

    Those of the known answers: whichever test comes first raises them, for all processes.
    """
    from eudaimon.study.designs.good_personas import GoodPersonasOptions
    from eudaimon.study.run import run_study
    from eudaimon.study.store import StepStore

    options = GoodPersonasOptions(domains=RAISED_DOMAINS, steps=320, n_tokens=500_000)

    def folder(arm: str) -> Path:
        step = options.assistant(arm, 0)
        done = run_study((step,), studies / "known-answers", show_progress=False)
        assert done.ok, done.failed
        return step.checkpoint(StepStore(studies / "known-answers").path(step))

    return folder
