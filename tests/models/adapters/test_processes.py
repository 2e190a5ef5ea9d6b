"""Weights that two processes hold in parts (FSDP): one digest, one file."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from safetensors.torch import load_file

pytestmark = pytest.mark.slow

CHILD = """
import json, sys
import torch
from peft import LoraConfig
from eudaimon.models import load
from eudaimon.models.adapters import attach
from eudaimon.models.ranks import rank, together, world_size

folder, out = sys.argv[1:]
config = LoraConfig(r=2, target_modules=["q_proj", "down_proj"])
ledger = attach(load(folder), trainable=config, init_seed=3)
digests = [ledger.frozen_hash()]
if world_size() > 1:
    from torch.distributed.fsdp import fully_shard
    together()
    for block in ledger.model.blocks:
        fully_shard(block)
    fully_shard(ledger.peft)
    held = next(iter(ledger.trainable_parameters()))[1]
    assert held.to_local().numel() < held.numel()
digests.append(ledger.frozen_hash())
saved = ledger.save(out)
# Two processes that print at once may share a line: each has a file of its own.
with open(f"{out}-{rank()}.json", "w") as file:
    json.dump([rank(), digests, saved.fingerprint], file)
"""


def child(folder, out, *launcher):
    script = out.with_suffix(".py")
    script.write_text(CHILD)
    command = [sys.executable, *launcher, str(script), str(folder), str(out)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr
    return [json.loads(path.read_text()) for path in sorted(out.parent.glob(f"{out.name}-*.json"))]


def test_parts_count_as_the_whole(tiny, tmp_path):
    ((_, alone, saved),) = child(tiny("qwen2"), tmp_path / "alone")
    launcher = ("-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2")
    both = child(tiny("qwen2"), tmp_path / "both", *launcher)
    assert sorted(own[0] for own in both) == [0, 1]
    for _, digests, fingerprint in both:
        assert digests == alone == [alone[0], alone[0]] and fingerprint == saved
    assert {
        key: value.shape for key, value in load_file(tmp_path / "both" / "adapter_model.safetensors").items()
    }
