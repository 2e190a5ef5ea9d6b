"""Adapters that were trained differently must differ: equal bits mean that something did not act."""

from __future__ import annotations

from collections.abc import Iterable

from eudaimon.models.adapters.adapter import WEIGHTS
from eudaimon.models.adapters.errors import IdenticalAdapters
from eudaimon.study.graph import Graph
from eudaimon.study.step import Step
from eudaimon.study.steps.adapters import AdapterStep
from eudaimon.study.store import StepStore


def require_distinct(store: StepStore, targets: Iterable[Step]) -> None:
    """Nothing when no two finished adapters among the targets' steps have the same weights.

    Hashes are read from the steps' manifests. Raises `IdenticalAdapters` that names both: a published
    comparison of personas had bit-identical LoRAs, since the persona had been switched off in training.
    """
    seen: dict[str, str] = {}
    for key, step in Graph(targets).steps.items():
        if not isinstance(step, AdapterStep) or not store.done(key):
            continue
        for name, entry in store.manifest(key)["files"].items():
            if "checkpoints/" in name or not name.endswith(WEIGHTS):
                continue
            other = seen.setdefault(entry["sha256"], key)
            if other != key:
                raise IdenticalAdapters(
                    f"the adapters of {other} and {key} are bit-identical",
                    right="adapters that were trained beside different personas, or from different seeds",
                    do="look whether the persona acted in training: the proof in the adapter's manifest.json",
                )
