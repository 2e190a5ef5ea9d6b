"""Runs in processes of their own: killed outright, and spread over two."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from eudaimon.train.nursery.pretraining import pretrain
from eudaimon.train.nursery.recipes import PretrainRecipe

pytestmark = pytest.mark.slow

RECIPE = PretrainRecipe(context=10, steps=6, batch_size=8, learning_rate=1e-2)
CHILD = """
import os, signal, sys
from pathlib import Path
from transformers import AutoTokenizer
from eudaimon.train.nursery import loop
from eudaimon.train.nursery.pretraining import pretrain
from eudaimon.train.nursery.recipes import PretrainRecipe
from eudaimon.train.tokens.token_set import TokenSet

recipe, tokens, base, out, stop = sys.argv[1:]
watched = loop.watched

def kill(step):
    if step == int(stop):
        os.kill(os.getpid(), signal.SIGKILL)

loop.watched = lambda made, recorder, points: watched(made, recorder, points, kill)
recipe = PretrainRecipe.model_validate_json(recipe)
tokenizer = AutoTokenizer.from_pretrained(base)
pretrain(recipe, TokenSet.open(tokens), tokenizer, Path(out), resume_every=2, show_progress=False)
"""


def child(tokens, base, out, stop, *launcher):
    script = out.with_suffix(".py")
    script.write_text(CHILD)
    run = [sys.executable, *launcher, script, RECIPE.model_dump_json(), tokens.folder, base, out, str(stop)]

    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [str(part) for part in run], env=environment, capture_output=True, text=True, timeout=300
    )


def contents(out):
    files = (path for path in sorted(out.rglob("*")) if path.is_file() and path.name != "timing.json")
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in files}


@pytest.fixture
def whole(token_set, words, tmp_path):
    tokens = token_set()
    return tokens, pretrain(RECIPE, tokens, words, tmp_path / "whole", show_progress=False)


def test_killed_outright_it_goes_on_to_the_same_bytes(whole, words, base, tmp_path):
    tokens, undisturbed = whole
    killed = child(tokens, base, tmp_path / "out", 5)
    assert killed.returncode == -9, killed.stderr
    assert (tmp_path / "out" / ".work" / "checkpoint-4" / "sealed.json").is_file()
    out = pretrain(RECIPE, tokens, words, tmp_path / "out", resume_every=2, show_progress=False)
    assert contents(out) == contents(undisturbed)


def test_two_processes_take_the_same_steps_as_one(whole, base, tmp_path):
    tokens, alone = whole
    launcher = ("-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2")
    spread = child(tokens, base, tmp_path / "out", -1, *launcher)
    assert spread.returncode == 0, spread.stderr
    assert json.loads((tmp_path / "out" / "timing.json").read_text())["devices"] == 2
    rows = [
        [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
        for out in (alone, tmp_path / "out")
    ]
    for one, two in zip(*rows, strict=True):
        assert two == pytest.approx(one, rel=1e-4)
