"""How fast a run was, and how much of the device it used."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from eudaimon.data.yaml_text import read_yaml


def timing(seconds: Sequence[tuple[int, float, int]], model: Any, context: int, args: Any) -> dict[str, Any]:
    """Tokens read per second over the run, and model FLOPs utilisation where the device's peak is known.

    ``seconds`` has the steps, the seconds and the tokens of each stretch of this process on one device: steps
    before it was resumed are not in them. The first stretch, which warms up, is left out where it can be.
    """
    stretches = seconds[1:] or seconds
    total, n_tokens = sum(item[1] for item in stretches), sum(item[2] for item in stretches)
    per_second = n_tokens / total if total else 0.0
    record: dict[str, Any] = {
        "device": str(args.device),
        "devices": args.world_size,
        "seconds": round(sum(item[1] for item in seconds), 3),
        "steps": sum(item[0] for item in seconds),
        "tokens_per_second": round(per_second * args.world_size, 1),
    }
    peak = peak_flops(args)
    if peak:
        record["model_flops_utilisation"] = round(per_second * flops_per_token(model, context) / peak, 4)
    return record


def flops_per_token(model: Any, context: int) -> float:
    """Floating-point operations of forward and backward pass per token: 6 N + 6 layers x width x context.

    N counts the parameters that multiply (the tied embedding once, as the head); attention scores and values
    are counted for the causal half only.
    """
    config = model.config
    return float(6 * model.num_parameters() + 6 * config.num_hidden_layers * config.hidden_size * context)


def peak_flops(args: Any) -> float | None:
    """The device's dense bfloat16 operations per second; None for CPUs and devices that are not listed."""
    import torch

    if args.device.type != "cuda":
        return None
    name = torch.cuda.get_device_name(args.device)
    table = read_yaml((files("eudaimon.train.nursery") / "accelerators.yaml").read_text(encoding="utf-8"))
    return next((1e12 * float(peak) for part, peak in table.items() if part in name), None)
