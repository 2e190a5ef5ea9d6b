"""Memory and hours of training a LoRA and of generating answers: estimates, counted and not measured."""

from __future__ import annotations

import math
from dataclasses import dataclass

from eudaimon.models.edited_passes import LOGITS_AT_ONCE
from eudaimon.train.needs.division import RUNTIME_GB, Held, divide
from eudaimon.train.needs.machine import Machine
from eudaimon.train.needs.shape import BYTES, ModelShape
from eudaimon.train.nursery.lora_recipe import LoraRecipe

BYTES_A_TRAINED = 16
"""Weight, gradient and both moments of Adam in float32."""
CALLS_A_PASS = 4
"""Decoding steps whose calls of kernels a forward and backward pass with adapters is taken to have."""
FLOPS_A_TOKEN = 4
"""Of each weight: two forward, two for the gradient that goes on; a frozen weight has no gradient itself."""


@dataclass(frozen=True)
class Needs:
    """GB of GPU memory at the peak, how many GPUs hold that, hours, tokens, and GB on the fullest GPU.

    With several the model is divided among them by whole blocks, each waits for the one before it, and the
    hours are as many as on one: the GPU hours are ``gpus`` times as many.
    """

    memory_gb: float
    gpus: int
    hours: float
    n_tokens: int
    fullest_gb: float

    @property
    def gpu_hours(self) -> float:
        """The hours of all GPUs together."""
        return self.hours * self.gpus


def lora_needs(
    shape: ModelShape,
    recipe: LoraRecipe,
    machine: Machine,
    *,
    n_rows: int,
    tokens_a_row: int,
    passes: int = 1,
    sequences_a_row: int = 1,
    other_weights_gb: float = 0.0,
) -> Needs:
    """What training a LoRA takes: ``n_rows`` rows of ``tokens_a_row`` tokens, read once.

    Memory is that of rows as long as the recipe allows, a batch in ``passes`` passes, without activation
    checkpointing, ``sequences_a_row`` texts a row (a preference has two); ``other_weights_gb`` is held beside
    (frozen adapters). Hours are of the products at the machine's reached rate, four operations for each
    weight and token, or of calling the kernels of every pass, whichever is more.
    """
    n_layers = shape.layers if recipe.layers == "all" else 1 if recipe.layers == "middle" else None
    trained = shape.lora_parameters(recipe.rank, recipe.target_modules, n_layers or len(recipe.layers))
    at_once = math.ceil(recipe.batch_size / passes) * sequences_a_row * recipe.max_tokens
    blocks = trained * BYTES_A_TRAINED + at_once * shape.activation_bytes + 1e9 * other_weights_gb
    held = _held(shape, blocks, last=at_once * shape.logit_bytes, back=at_once * shape.vocabulary * (2 + 4))
    gpus, fullest = divide(held, machine)
    n_tokens = n_rows * tokens_a_row
    flops = FLOPS_A_TOKEN * shape.n_parameters * n_tokens
    computing = flops / (machine.teraflops * 1e12 * machine.compute_share)
    n_passes = n_rows * passes / recipe.batch_size
    calling = n_passes * CALLS_A_PASS * machine.layer_seconds * shape.layers
    hours = max(computing, calling) / 3600
    return Needs(round(held.total_gb + RUNTIME_GB, 1), gpus, hours, n_tokens, round(fullest, 1))


def answer_needs(
    shape: ModelShape,
    machine: Machine,
    *,
    n_answers: int,
    new_tokens: int,
    prompt_tokens: int = 64,
    rows: int = 64,
    adapters_gb: float = 0.0,
) -> Needs:
    """What ``n_answers`` answers of ``new_tokens`` tokens take, ``rows`` of them decoded together.

    A step reads all weights and the keys and values of its rows, or computes, or calls kernels, whichever
    takes longest. Every answer is taken to be as long as it may be.
    """
    rows = max(1, min(rows, n_answers))
    length = prompt_tokens + new_tokens
    weights = shape.n_parameters * BYTES
    cache = rows * length * shape.cache_bytes
    # Logits in bfloat16 and float32, and their double-precision shares while a token is drawn.
    logits = rows * shape.vocabulary * (2 + 4 + 8)
    held = _held(shape, cache + 1e9 * adapters_gb, first=logits, back=2 * rows * shape.vocabulary)
    gpus, fullest = divide(held, machine)
    reading = (weights + cache / 2) / (machine.gigabytes_a_second * 1e9 * machine.bandwidth_share)
    computing = 2 * shape.n_parameters * rows / (machine.teraflops * 1e12 * machine.compute_share)
    step = max(reading, computing, machine.layer_seconds * shape.layers)
    hours = math.ceil(n_answers / rows) * new_tokens * step / 3600
    memory, n_tokens = round(held.total_gb + RUNTIME_GB, 1), n_answers * new_tokens
    return Needs(memory, gpus, hours, n_tokens, round(fullest, 1))


def reading_needs(shape: ModelShape, machine: Machine, *, n_tokens: int, adapters_gb: float = 0.0) -> Needs:
    """What reading ``n_tokens`` tokens and their logits takes, as the likelihood of given answers does.

    As many tokens go together as their logits allow (`LOGITS_AT_ONCE`). A pass computes, reads all weights or
    calls kernels, whichever takes longest.
    """
    at_once = max(1, min(LOGITS_AT_ONCE // shape.vocabulary, n_tokens))
    weights = shape.n_parameters * BYTES
    logits = at_once * shape.vocabulary
    held = _held(shape, 1e9 * adapters_gb, last=at_once * shape.logit_bytes, back=logits * (2 + 4))
    gpus, fullest = divide(held, machine)
    computing = 2 * shape.n_parameters * at_once / (machine.teraflops * 1e12 * machine.compute_share)
    reading = weights / (machine.gigabytes_a_second * 1e9 * machine.bandwidth_share)
    a_pass = max(computing, reading, machine.layer_seconds * shape.layers)
    hours = math.ceil(n_tokens / at_once) * a_pass / 3600
    return Needs(round(held.total_gb + RUNTIME_GB, 1), gpus, hours, n_tokens, round(fullest, 1))


def _held(shape: ModelShape, blocks: float, *, back: float, first: float = 0.0, last: float = 0.0) -> Held:
    """What lies where, in bytes: ``blocks`` beside the weights of all blocks, logits first, last or both."""
    ends = (shape.n_parameters - shape.layers * shape.block_parameters) * BYTES
    embedding = shape.vocabulary * shape.width * BYTES
    return Held(
        layers=shape.layers,
        a_layer=(shape.block_parameters * BYTES + blocks / shape.layers) / 1e9,
        # A tied embedding is one tensor: accelerate puts the head beside it.
        first=(embedding + first) / 1e9,
        last=(ends - embedding + last) / 1e9,
        back=back / 1e9,
    )
