"""GPUs: what their data sheets say, and how much of it a run is taken to reach."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType

import yaml
from pydantic import BaseModel, ConfigDict

from eudaimon.core import UsageError


class Machine(BaseModel):
    """One GPU: memory in GB, dense bfloat16 TFLOP/s, GB/s; and the shares of them that are reached.

    The shares and ``layer_seconds`` (least time of a layer in a decoding step, for calling its kernels one by
    one) are assumptions: replace them by what you measure.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    memory_gb: float
    teraflops: float
    gigabytes_a_second: float
    usable: float = 0.9
    compute_share: float = 0.3
    bandwidth_share: float = 0.5
    layer_seconds: float = 0.001


def find_machine(name: str) -> Machine:
    """The GPU of a name; raises `UsageError` with the names there are."""
    if name not in MACHINES:
        raise UsageError(f"there is no machine {name!r}", right=", ".join(MACHINES))
    return MACHINES[name]


def _read() -> Mapping[str, Machine]:
    text = (files("eudaimon.train.needs") / "machines.yaml").read_text(encoding="utf-8")
    return MappingProxyType({name: Machine(**each) for name, each in yaml.safe_load(text).items()})


MACHINES: Mapping[str, Machine] = _read()
"""The packaged GPUs by name."""
