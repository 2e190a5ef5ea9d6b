"""A monitor as one safetensors file: arrays as tensors, everything else as JSON metadata. No pickle."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from eudaimon import __version__
from eudaimon.core import Binding, Site, UsageError
from eudaimon.core.files import atomic_path
from eudaimon.measure.conformal import Threshold
from eudaimon.models.load import load
from eudaimon.models.model import Model
from eudaimon.monitor.monitor import Examples, Monitor
from eudaimon.monitor.probe import KERNEL, Probe
from eudaimon.monitor.reading import Reads

FORMAT = "eudaimon-monitor"
FORMAT_VERSION = 1
RIGHT = "a monitor is a file written by `eudaimon monitor fit`"
DO = "eudaimon monitor fit --out monitor.safetensors"


def save_monitor(monitor: Monitor, path: str | Path) -> Path:
    """Write the monitor to ``path``, atomically; the same monitor gives the same bytes."""
    tensors = {"stack_weight": monitor.stack_weight.astype(np.float64)}
    for number, probe in enumerate(monitor.probes):
        tensors |= _tensors(f"probe/{number}", probe)
    for name, head in monitor.categories.items():
        tensors |= _tensors(f"category/{name}", head)
    if monitor.examples is not None:
        tensors["examples/features"] = monitor.examples.features.astype(np.float16)
        tensors["examples/mean"] = monitor.examples.mean.astype(np.float32)
        tensors["examples/scale"] = monitor.examples.scale.astype(np.float32)
    about: dict[str, Any] = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "eudaimon": __version__,
        "binding": monitor.binding.model_dump(),
        "probes": [_about(probe) for probe in monitor.probes],
        "categories": {name: _about(head) for name, head in monitor.categories.items()},
        "consensus": monitor.consensus,
        "stack_bias": monitor.stack_bias,
        "window_tokens": monitor.window_tokens,
        "max_characters": monitor.max_characters,
        "reads": monitor.reads,
        "threshold": asdict(monitor.threshold),
        "examples": None
        if monitor.examples is None
        else {
            "texts": monitor.examples.texts,
            "harmful": monitor.examples.harmful,
            "sources": monitor.examples.sources,
        },
        "layer_convention": "layer k is the output of the k-th block, 0 the embedding",
        "sign": "a higher score is more dangerous",
        "record": monitor.record,
    }
    data = save(tensors, {"eudaimon": json.dumps(about, sort_keys=True, ensure_ascii=True)})
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)
    return Path(path)


def monitor_hash(monitor: Monitor) -> str:
    """16 hex digits of what a monitor reads and how: probes, consensus and windows, not its own threshold.

    That of a monitor and of the same one from its file are the same.
    """
    import hashlib

    parts = {"stack_weight": monitor.stack_weight.astype(np.float64)}
    for number, probe in enumerate(monitor.probes):
        parts |= _tensors(f"probe/{number}", probe)
    for name, head in monitor.categories.items():
        parts |= _tensors(f"category/{name}", head)
    about = {
        "probes": [_about(probe) for probe in monitor.probes],
        "categories": {name: _about(head) for name, head in monitor.categories.items()},
        "consensus": monitor.consensus,
        "stack_bias": float(monitor.stack_bias),
        "window_tokens": monitor.window_tokens,
        "max_characters": monitor.max_characters,
        # Left out where it says nothing, so that a monitor's hash is what it was.
        **({} if monitor.reads == "text" else {"reads": monitor.reads}),
    }
    made = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    for name in sorted(parts):
        made.update(name.encode() + str((parts[name].dtype, parts[name].shape)).encode())
        made.update(np.ascontiguousarray(parts[name]).tobytes())
    return made.hexdigest()[:16]


def load_monitor(
    path: str | Path,
    model: Model | str | None = None,
    *,
    force: bool = False,
    device: str | None = None,
    reads: Reads | None = None,
) -> Monitor:
    """The monitor in ``path`` on its model, which is loaded by the name in the file when none is given.

    Raises `BindingMismatch` when the model is not the one that the monitor was made on; with ``force`` the
    differences are written into the monitor's record instead. Raises `UsageError` for anything that is not
    such a file, and for a monitor that does not read what it is to (``reads``).
    """
    about, tensors = _read(Path(path))
    binding = _binding(about, path)
    with _whole(path):
        own = _reads(about)
    if reads is not None and own != reads:
        raise UsageError(
            f"{path} reads {own}s, and here {reads}s are to be read",
            right=f"a monitor that reads {reads}s",
            do=f"eudaimon monitor fit --reads {reads}",
        )
    if model is None or isinstance(model, str):
        model = load(model or binding.name, device=device)
    forced = binding.require(model.binding, "monitor", force=force)
    with _whole(path):
        monitor = _monitor(about, tensors, model)
    if forced:
        monitor.record["forced"] = {"differs": list(forced), "used_on": model.binding.model_dump()}
    for probe in (*monitor.probes, *monitor.categories.values()):
        _require_fit(probe, model, path)
    return monitor


def made_on(path: str | Path) -> Binding:
    """What the monitor in a file was fitted on; raises `UsageError` for anything that is not such a file."""
    return _binding(_read(Path(path))[0], path)


@dataclass(frozen=True)
class MonitorHeader:
    """What a monitor's file says of it: what it was fitted on, where and what it reads, when it flags."""

    binding: Binding
    sites: tuple[str, ...]
    threshold: Threshold
    reads: Reads


def monitor_header(path: str | Path) -> MonitorHeader:
    """What a monitor's file says, without its model; raises `UsageError` for what is no such file."""
    about, _ = _read(Path(path))
    with _whole(path):
        sites = dict.fromkeys(str(probe["site"]) for probe in about["probes"])
        threshold = TypeAdapter(Threshold).validate_python(about["threshold"])
        reads = _reads(about)
    return MonitorHeader(_binding(about, path), tuple(sites), threshold, reads)


def stored_examples(path: str | Path) -> tuple[Examples | None, Site]:
    """The training examples in a monitor's file and the site that they were read at; its model is not loaded.

    None for a monitor that was fitted without keeping them. Raises `UsageError` for anything that is no
    monitor.
    """
    about, tensors = _read(Path(path))
    with _whole(path):
        return _examples(about, tensors), Site.parse(about["probes"][0]["site"])


def _examples(about: dict[str, Any], tensors: dict[str, np.ndarray]) -> Examples | None:
    examples = about["examples"]
    if examples is None:
        return None
    return Examples(
        tuple(examples["texts"]),
        tuple(examples["harmful"]),
        tuple(examples["sources"]),
        tensors["examples/features"].astype(np.float32),
        tensors["examples/mean"],
        tensors["examples/scale"],
    )


def _binding(about: dict[str, Any], path: str | Path) -> Binding:
    with _whole(path):
        return Binding.model_validate(about["binding"])


def _monitor(about: dict[str, Any], tensors: dict[str, np.ndarray], model: Model) -> Monitor:
    probes = tuple(_probe(entry, f"probe/{number}", tensors) for number, entry in enumerate(about["probes"]))
    categories = {
        name: _probe(entry, f"category/{name}", tensors) for name, entry in about["categories"].items()
    }
    return Monitor(
        model=model,
        probes=probes,
        consensus=about["consensus"],
        stack_weight=tensors["stack_weight"],
        stack_bias=float(about["stack_bias"]),
        threshold=TypeAdapter(Threshold).validate_python(about["threshold"]),
        categories=categories,
        examples=_examples(about, tensors),
        record=dict(about["record"]),
        window_tokens=int(about["window_tokens"]),
        max_characters=int(about["max_characters"]),
        reads=_reads(about),
    )


def _reads(about: dict[str, Any]) -> Reads:
    """What it reads; files from before there were two kinds say nothing of it."""
    found: Reads = TypeAdapter[Reads](Reads).validate_python(about.get("reads", "text"))
    return found


def _about(probe: Probe) -> dict[str, Any]:
    return {
        "site": str(probe.site),
        "pooling": probe.pooling,
        "method": probe.method,
        "bias": probe.bias,
        "gamma": probe.gamma,
        "threshold": probe.threshold,
    }


def _tensors(prefix: str, probe: Probe) -> dict[str, np.ndarray]:
    points = probe.points.astype(np.float16) if probe.method == KERNEL else probe.points
    parts = {"points": points, "weight": probe.weight, "mean": probe.mean, "deviation": probe.deviation}
    return {f"{prefix}/{name}": part for name, part in parts.items() if part is not None}


def _probe(entry: dict[str, Any], prefix: str, tensors: dict[str, np.ndarray]) -> Probe:
    return Probe(
        site=Site.parse(entry["site"]),
        pooling=entry["pooling"],
        method=entry["method"],
        points=tensors[f"{prefix}/points"].astype(np.float32),
        weight=tensors.get(f"{prefix}/weight"),
        mean=tensors.get(f"{prefix}/mean"),
        deviation=tensors.get(f"{prefix}/deviation"),
        bias=float(entry["bias"]),
        gamma=float(entry["gamma"]),
        threshold=float(entry["threshold"]),
    )


def _require_fit(probe: Probe, model: Model, path: str | Path) -> None:
    width = probe.points.shape[1]
    if width != model.width or probe.site.layer > model.n_layers:
        name = model.checkpoint.name
        raise UsageError(
            f"{path} reads site {probe.site} of width {width}, which {name} lacks",
            right=f"it has {model.n_layers} layers of width {model.width}",
            do=f"eudaimon monitor fit --model {name}",
        )


def _read(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    if not path.is_file():
        raise UsageError(f"there is no file {path}", right=RIGHT, do=DO)
    with _whole(path), safe_open(str(path), "numpy") as stream:
        about = json.loads((stream.metadata() or {})["eudaimon"])
        tensors = {key: stream.get_tensor(key) for key in stream.keys()}  # noqa: SIM118 - not a mapping
    if about.get("format") != FORMAT or about.get("format_version") != FORMAT_VERSION:
        raise UsageError(
            f"{path} holds {about.get('format')} version {about.get('format_version')}",
            right=f"this program reads {FORMAT} version {FORMAT_VERSION}",
            do=DO,
        )
    return about, tensors


@contextmanager
def _whole(path: str | Path) -> Iterator[None]:
    """Raises `UsageError` where the file lacks something or holds something else."""
    try:
        yield
    except (SafetensorError, KeyError, TypeError, json.JSONDecodeError, ValidationError) as error:
        said = f"it has no {error}" if isinstance(error, KeyError) else error
        raise UsageError(f"{path} is not a monitor or not whole ({said})", right=RIGHT, do=DO) from error
