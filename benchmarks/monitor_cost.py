"""What a monitor on three layers adds to a plain forward, and what an early exit saves of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import markdown
import numpy as np
import texts
from rounds import interleave, ratio, show, spread

from eudaimon.core import Site
from eudaimon.measure.conformal import Threshold
from eudaimon.models import Model, load, read_until
from eudaimon.monitor import Monitor, bench
from eudaimon.monitor.probe import LANDMARKS, Probe

N_TOKENS = 128
TARGET = 0.01


def run(folders: dict[str, Path], rounds: int, log: Callable[[str], None]) -> dict[str, Any]:
    """Marginal cost for each model, kind of probes and batch size; early exit for each model."""
    rows, exits = [], []
    for name, folder in {"minilm": "minilm", **folders}.items():
        model = load(folder)
        large = name == "gpt2-medium"
        for kind, batch in ROWS:
            # One forward of the large shape takes half a minute at batch 32: one round.
            if large and batch > 1:
                if kind != "linear + kernel":
                    continue
                (timed,) = bench(monitor(model, kind), n_tokens=N_TOKENS, batches=(batch,), rounds=1)
            else:
                (timed,) = bench(monitor(model, kind), n_tokens=N_TOKENS, batches=(batch,), rounds=rounds)
            row = {"model": name, "probes": kind, **timed.model_dump(mode="json")}
            rows.append(row)
            log(line(row))
        exits.append({"model": name, **early_exit(model, rounds)})
        log(exit_line(exits[-1]))
    return {"target": TARGET, "landmarks": LANDMARKS, "rows": rows, "early_exit": exits}


ROWS = tuple((kind, batch) for batch in (1, 32) for kind in ("linear", "linear + kernel"))


def monitor(model: Model, kind: str, seed: int = 0) -> Monitor:
    """Probes at a quarter, a half and three quarters of the depth; what they answer means nothing."""
    rng = np.random.default_rng(seed)
    n = model.n_layers
    probes = []
    for layer in (max(n // 4, 1), n // 2, 3 * n // 4):
        site = Site(layer)
        vector = rng.normal(size=(1, model.width)).astype(np.float32)
        probes.append(Probe(site, "mean", "logistic", vector, bias=0.0))
        if "kernel" in kind:
            probes.append(
                Probe(
                    site, "mean", "kernel",
                    points=rng.normal(size=(LANDMARKS, model.width)).astype(np.float32),
                    bias=0.0,
                    weight=rng.normal(size=LANDMARKS),
                    mean=np.zeros(model.width, dtype=np.float32),
                    deviation=np.ones(model.width, dtype=np.float32),
                    gamma=1 / model.width,
                )
            )  # fmt: skip
    threshold = Threshold(value=0.5, target_fpr=0.01, n=99, fpr_bound=0.05)
    return Monitor(model, tuple(probes), "stack", np.ones(len(probes)), 0.0, threshold)


def early_exit(model: Model, rounds: int) -> dict[str, Any]:
    """`read_until` that is sure at the first of three sites, or at none, beside the whole model's forward."""
    import torch

    text = " ".join(texts.corpus()[:40])
    sites = monitor(model, "linear").sites
    ids = torch.randint(0, 1000, (1, N_TOKENS), generator=torch.Generator().manual_seed(0)).to(model.device)

    def whole() -> None:
        with torch.inference_mode():
            model.module(input_ids=ids)

    def until(sure: bool) -> Callable[[], object]:
        return lambda: read_until(model, text, sites, lambda *_: sure, max_tokens=N_TOKENS)

    times = interleave({"forward": whole, "first": until(True), "none": until(False)}, max(rounds, 7))
    return {
        "layers": model.n_layers,
        "sites": [site.layer for site in sites],
        "seconds": {name: spread(values) for name, values in times.items()},
        "first_share": ratio(times["first"], times["forward"]),
        "none_share": ratio(times["none"], times["forward"]),
    }


HEAD = "| model | probes | batch | forward, ms | monitor, ms | share of the forward | two passes compared |"
EXIT_HEAD = "| model | layers | sites | sure at the first site | sure at none |"


def line(row: dict[str, Any]) -> str:
    """A row of marginal cost as Markdown."""
    forward, own, marginal, paired = (
        {
            "min": row[key]["minimum"] * times,
            "median": row[key]["median"] * times,
            "max": row[key]["maximum"] * times,
        }
        for key, times in (
            ("forward_seconds", 1e3),
            ("monitor_seconds", 1e3),
            ("marginal", 100),
            ("paired", 100),
        )
    )
    reached = "" if marginal["median"] <= 100 * TARGET else " (over target)"
    cells = [
        row["model"], row["probes"], str(row["batch"]), show(forward, "{:.1f}"), show(own, "{:.2f}"),
        f"**{show(marginal, '{:.2f} %')}**{reached}", show(paired, "{:.1f} %"),
    ]  # fmt: skip
    return markdown.row(cells)


def exit_line(row: dict[str, Any]) -> str:
    """A row of early exit as Markdown: shares of the whole forward's time."""
    sites = ", ".join(map(str, row["sites"]))
    cells = [row["model"], str(row["layers"]), sites, show(row["first_share"]), show(row["none_share"])]
    return markdown.row(cells)


def table(result: dict[str, Any]) -> Iterable[str]:
    """Both tables in Markdown."""
    yield from markdown.table(HEAD, map(line, result["rows"]))
    yield ""
    yield from markdown.table(EXIT_HEAD, map(exit_line, result["early_exit"]))
