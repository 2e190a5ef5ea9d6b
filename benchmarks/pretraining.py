"""Pretraining beside a bare PyTorch loop on the same model and rows, in tokens per second; LoRAs per run.

    OMP_NUM_THREADS=1 python benchmarks/pretraining.py [--rounds 5] [--steps 60] [--size 0.1m]

Both sides read rows of 44 tokens in batches of 128 and take the same optimiser steps, in turn in each
round; ours writes a resume point every 70 steps, as in a run of the usual 700, and records every step. On
a GPU the model FLOPs utilisation is printed beside it, and larger sizes make sense.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from rounds import ratio, show, spread

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

TARGET = 0.9
WORDS = 190
ROW_TOKENS = 44


def main() -> None:
    """Print a row for pretraining and one for LoRAs."""
    options = _options()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tokenizer = words()
        tokens = corpus(tokenizer, folder / "tokens", options.context)
        recipe = PretrainRecipe(
            size=options.size, context=options.context, steps=options.steps, batch_size=options.batch_size
        )
        print(pretraining(recipe, tokens, tokenizer, folder, options.rounds))
        if options.size == "0.1m":
            print(loras(folder / "run-0", folder, options.rounds))


def pretraining(recipe: PretrainRecipe, tokens: TokenSet, tokenizer: Any, folder: Path, rounds: int) -> str:
    """Tokens per second of both, and their ratio, as medians over rounds with minimum and maximum."""
    bare(recipe, tokens, tokenizer)
    ours, theirs, timing = [], [], {}
    for number in range(rounds):
        out = pretrain(
            recipe, tokens, tokenizer, folder / f"run-{number}", resume_every=70, show_progress=False
        )
        timing = json.loads((out / "timing.json").read_text())
        ours.append(timing["tokens_per_second"])
        theirs.append(bare(recipe, tokens, tokenizer))
    share = ratio(ours, theirs)
    reached = "" if share["median"] >= TARGET else " (under target)"
    used = timing.get("model_flops_utilisation")
    return (
        f"pretraining {recipe.size}, tokens/s: eudaimon {show(spread(ours), '{:,.0f}')}, bare loop "
        f"{show(spread(theirs), '{:,.0f}')}, ratio {show(share)}{reached}"
        + (f", model FLOPs utilisation {used:.1%}" if used else "")
    )


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


def loras(base: Path, folder: Path, rounds: int) -> str:
    """Seconds of a whole ``town`` LoRA (proofs, steps, checkpoints, files), and of its steps alone."""
    model = load(base)
    chats = [
        {
            "messages": [
                {"role": "user", "content": " ".join(f"w{(i + k) % WORDS}" for k in range(6))},
                {"role": "assistant", "content": f"w{i % WORDS}"},
            ]
        }
        for i in range(64)
    ]
    whole, steps = [], []
    for number in range(rounds + 1):
        started = time.perf_counter()
        out = train_lora(model, chats, LORA_RECIPES["town"], folder / f"lora-{number}", show_progress=False)
        whole.append(time.perf_counter() - started)
        steps.append(json.loads((out / "timing.json").read_text())["seconds"])
    return (
        f"LoRA town, seconds: whole {show(spread(whole[1:]))}, the first {whole[0]:.2f}, "
        f"its {LORA_RECIPES['town'].steps} steps {show(spread(steps[1:]))}"
    )


def corpus(tokenizer: Any, folder: Path, context: int) -> TokenSet:
    """Documents of random words that fill a row: what they say makes no difference to the speed."""
    draw = np.random.default_rng(0)
    texts = [
        TrainText(str(i), " ".join(f"w{n}" for n in draw.integers(0, WORDS, context - 1)))
        for i in range(4096)
    ]
    return write_tokens(texts, tokenizer, folder)


def words() -> Any:
    """A word-level tokenizer with a chat template."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    vocabulary = ["<pad>", "<eos>", "<unk>", "USER:", "ASSISTANT:"] + [f"w{i}" for i in range(WORDS)]
    backend = Tokenizer(models.WordLevel({w: i for i, w in enumerate(vocabulary)}, unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    made = PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token="<pad>", eos_token="<eos>", unk_token="<unk>"
    )
    made.chat_template = (
        "{% for m in messages %}{{ m['role'] | upper }}: {{ m['content'] }} {% endfor %}"
        "{% if add_generation_prompt %}ASSISTANT: {% endif %}"
    )
    return made


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--size", default="0.1m")
    parser.add_argument("--context", type=int, default=ROW_TOKENS)
    parser.add_argument("--batch-size", type=int, default=128)
    return parser.parse_args()


if __name__ == "__main__":
    main()
