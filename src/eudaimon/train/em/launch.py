"""The same command again in several processes, as an accelerate configuration file says."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from eudaimon.core import UsageError
from eudaimon.models.ranks import world_size


def launch(config: str | Path, arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> int:
    """The exit status of ``eudaimon`` with these arguments under ``accelerate launch --config_file config``.

    The file is passed on as it is: DDP, FSDP and DeepSpeed are what it says. A file for CPUs
    (``distributed_type: MULTI_CPU``) is started by torchrun with its ``num_processes``, because accelerate
    starts such processes through MPI only. ``environment`` is added to that of this process. Raises
    `UsageError` for a file that is missing or no such configuration, for ZeRO stage 3 and FSDP of version 1
    (they put the weights into other shapes, so that the frozen ones cannot be shown to be the same), and
    inside of processes that were launched already.
    """
    config = Path(config)
    settings = _settings(config)
    if world_size() > 1:
        raise UsageError(
            "this is one of several launched processes already",
            right="either --accelerate-config, or accelerate launch around the command",
        )
    command = [*_launcher(config, settings), "eudaimon", *arguments]
    ran = subprocess.run(command, env={**os.environ, **(environment or {})}, check=False)
    return ran.returncode


def _settings(config: Path) -> dict[str, Any]:
    if not config.is_file():
        raise UsageError(f"there is no file {config}", do="accelerate config --config_file FILE")
    try:
        settings = yaml.safe_load(config.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        settings = None
    if not isinstance(settings, dict) or "distributed_type" not in settings:
        raise UsageError(
            f"{config} is no configuration of accelerate: it has no distributed_type",
            do="accelerate config --config_file FILE",
        )
    if (settings.get("deepspeed_config") or {}).get("zero_stage") == 3:
        raise UsageError(
            f"{config} asks for ZeRO stage 3, under which the frozen weights cannot be proven unmoved",
            right="stage 2, or FSDP of version 2 (fsdp_version: 2)",
        )
    fsdp = settings.get("fsdp_config") or {}
    if "FSDP" in str(settings["distributed_type"]) and int(fsdp.get("fsdp_version") or 1) == 1:
        raise UsageError(
            f"{config} asks for FSDP of version 1, under which the frozen weights cannot be proven unmoved",
            right="fsdp_version: 2, under fsdp_config",
        )
    return settings


def _launcher(config: Path, settings: Mapping[str, Any]) -> list[str]:
    if str(settings["distributed_type"]).upper() == "MULTI_CPU":
        n = str(int(settings.get("num_processes") or 1))
        return [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", n, "-m"]
    module = "accelerate.commands.launch"
    return [sys.executable, "-m", module, "--config_file", str(config), "--module"]
