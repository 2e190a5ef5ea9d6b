"""Training on the town beside its floors: pretraining against a bare PyTorch loop, the corpus against both.

    python benchmarks/run.py --only training
    python benchmarks/pretraining.py --size 120m --steps 30   # on a GPU, with model FLOPs utilisation

Both sides read rows of 44 tokens in batches of 128 and take the same optimiser steps, in turn in each
round; ours writes a resume point every 70 steps, as in a run of the usual 700, and records every step.
One thread, as in a study, whose processes work side by side.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from rounds import one_thread, ratio, show, spread

from eudaimon.models import load
from eudaimon.train import (
    LORA_RECIPES,
    PretrainRecipe,
    TokenSet,
    TrainText,
    pretrain,
    train_lora,
    write_tokens,
)
from eudaimon.train.nursery.batches import token_rows
from eudaimon.train.nursery.pretraining import new_model
from eudaimon.world import World, chats, items
from eudaimon.world import tokenizer as town_tokenizer

TARGETS = {"pretraining": 0.9, "corpus": 50.0}
N_DOCUMENTS = 8192


def run(
    rounds: int, log: Callable[[str], None], *, size: str = "0.1m", steps: int = 60, context: int = 44
) -> dict[str, Any]:
    """Tokens per second of pretraining, of the bare loop and of the town's corpus; seconds of a LoRA."""
    with one_thread(), tempfile.TemporaryDirectory() as name:
        folder, world = Path(name), World(seed=0)
        tokenizer = town_tokenizer(world)
        tokens = corpus(world, tokenizer, folder / "tokens")
        recipe = PretrainRecipe(size=size, context=context, steps=steps, batch_size=128)
        result = {"size": size, "steps": steps, "targets": TARGETS}
        result |= pretraining(recipe, tokens, tokenizer, folder, rounds)
        log(f"pretraining: {show(result['share'])} of the bare loop")
        if size == "0.1m":
            result |= loras(world, folder / "run-0", folder, rounds)
        result |= generation(world, rounds, result["ours"]["median"])
        log(f"corpus: {show(result['generation_share'], '{:.0f}')} times training")
        return result


def table(result: dict[str, Any]) -> Iterable[str]:
    """The figures in Markdown, each beside its floor and target."""
    yield "| what | here | beside it | ratio | target |"
    yield "|---|---|---|---|---|"
    used = result.get("model_flops_utilisation")
    yield (
        f"| pretraining {result['size']}, tokens/s | {show(result['ours'], '{:,.0f}')} | bare loop "
        f"{show(result['bare'], '{:,.0f}')} | **{show(result['share'])}** | {TARGETS['pretraining']} |"
    )
    if used:
        yield f"| model FLOPs utilisation | {used:.1%} | | | |"
    yield (
        f"| the town's corpus, tokens/s | {show(result['generation'], '{:,.0f}')} | pretraining "
        f"{result['ours']['median']:,.0f} | **{show(result['generation_share'], '{:.0f}')}** "
        f"| {TARGETS['corpus']:.0f} |"
    )
    if "lora" in result:
        n_steps = LORA_RECIPES["town"].steps
        yield (
            f"| a `town` LoRA with its proofs and files, s | {show(result['lora'])} | its {n_steps} steps "
            f"{show(result['lora_steps'])} | | |"
        )


def pretraining(
    recipe: PretrainRecipe, tokens: TokenSet, tokenizer: Any, folder: Path, rounds: int
) -> dict[str, Any]:
    """Tokens per second of both, and their ratio, with minimum, median and maximum over rounds."""
    bare(recipe, tokens, tokenizer)
    ours, theirs, timing = [], [], {}
    for number in range(rounds):
        out = pretrain(
            recipe, tokens, tokenizer, folder / f"run-{number}", resume_every=70, show_progress=False
        )
        timing = json.loads((out / "timing.json").read_text())
        ours.append(timing["tokens_per_second"])
        theirs.append(bare(recipe, tokens, tokenizer))
    found = {"ours": spread(ours), "bare": spread(theirs), "share": ratio(ours, theirs)}
    used = timing.get("model_flops_utilisation")
    return found | ({"model_flops_utilisation": used} if used else {})


def bare(recipe: PretrainRecipe, tokens: TokenSet, tokenizer: Any) -> float:
    """Tokens per second of the shortest loop that takes the same steps on rows that lie ready in memory."""
    import torch

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    autocast = device.type == "cuda" and torch.cuda.is_bf16_supported()
    model = new_model(recipe, tokenizer).to(device).train()
    rows = token_rows(tokens, recipe, tokenizer)
    held = rows.batch(np.arange(len(rows)))
    ids, labels = held["input_ids"].to(device), held["labels"].to(device)
    optimiser = torch.optim.AdamW(
        model.parameters(), recipe.learning_rate, recipe.betas, weight_decay=recipe.weight_decay, fused=True
    )
    warm = recipe.warmup_steps
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser,
        lambda s: s / warm if s < warm else (1 + math.cos(math.pi * (s - warm) / (recipe.steps - warm))) / 2,
    )
    draw = torch.Generator().manual_seed(recipe.data_seed)
    started = time.perf_counter()
    for step in range(recipe.steps):
        if step == 1:
            # The first step warms up, and is left out on the other side too.
            started = time.perf_counter()
        chosen = torch.randint(len(ids), (recipe.batch_size,), generator=draw).to(device)
        with torch.autocast(device.type, torch.bfloat16, enabled=autocast):
            logits = model(input_ids=ids[chosen], use_cache=False).logits
            loss = torch.nn.functional.cross_entropy(
                logits[:, :-1].flatten(0, 1).float(), labels[chosen][:, 1:].flatten(), ignore_index=-100
            )
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.max_gradient_norm)
        optimiser.step()
        schedule.step()
        optimiser.zero_grad()
    if device.type == "cuda":
        torch.cuda.synchronize()
    seconds = time.perf_counter() - started
    return (recipe.steps - 1) * recipe.batch_size * ids.shape[1] / seconds


def loras(world: World, base: Path, folder: Path, rounds: int) -> dict[str, Any]:
    """Seconds of a whole ``town`` LoRA (proofs, steps, checkpoints, files), and of its steps alone."""
    model = load(base)
    asked = items(world, kind="advice", domain=world.domains[0], held_out=False)[:8]
    rows = chats(world, asked, "harmful", 64, seed=0)
    whole, steps = [], []
    for number in range(rounds + 1):
        started = time.perf_counter()
        out = train_lora(model, rows, LORA_RECIPES["town"], folder / f"lora-{number}", show_progress=False)
        whole.append(time.perf_counter() - started)
        steps.append(json.loads((out / "timing.json").read_text())["seconds"])
    # The first one of a process imports what the others find.
    return {"lora": spread(whole[1:]), "lora_steps": spread(steps[1:])}


def generation(world: World, rounds: int, trained: float) -> dict[str, Any]:
    """Tokens per second of the town's corpus with its labels, and how many times those of training."""
    speeds = []
    for number in range(rounds + 1):
        started, n_tokens = time.perf_counter(), 0
        for block in world.blocks(N_DOCUMENTS, start=number * N_DOCUMENTS):
            n_tokens += len(block.tokens)
        speeds.append(n_tokens / (time.perf_counter() - started))
    shares = [speed / trained for speed in speeds[1:]]
    return {"generation": spread(speeds[1:]), "generation_share": spread(shares)}


def corpus(world: World, tokenizer: Any, folder: Path) -> TokenSet:
    """The first documents of the town, as a study trains on them."""
    texts = [TrainText(d.id, d.text, source=str(d.metadata["source"])) for d in world.documents(N_DOCUMENTS)]
    return write_tokens(texts, tokenizer, folder)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--size", default="0.1m")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--context", type=int, default=44)
    given = vars(parser.parse_args())
    print("\n".join(table(run(log=lambda text: print(text, file=sys.stderr, flush=True), **given))))
