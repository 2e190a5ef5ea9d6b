"""Which of several processes of one run this is; only the first writes, and the others wait for it."""

from __future__ import annotations

import os


def rank() -> int:
    """The number of this process among those that a launcher started together; 0 is the one that writes."""
    return int(os.environ.get("RANK", "0"))


def world_size() -> int:
    """The number of processes that a launcher (torchrun, accelerate) started together."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def own_device() -> str | None:
    """The accelerator of this process where several share a machine; None leaves the choice to `load`."""
    import torch

    if world_size() == 1 or not torch.cuda.is_available():
        return None
    return f"cuda:{int(os.environ.get('LOCAL_RANK', '0')) % torch.cuda.device_count()}"


def together() -> None:
    """Returns when every process has come here; at once where there is one."""
    if world_size() == 1:
        return
    import torch
    from accelerate import PartialState  # type: ignore[import-untyped]

    PartialState(cpu=not torch.cuda.is_available()).wait_for_everyone()
