"""The monitor on real queries, cut down to what a first look needs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from eudaimon.study.step import Cost, Step

EVALUATION = "evaluation.json"
MONITOR = "monitor.safetensors"
COMMAND = "eudaimon quickstart"


class MonitorQueries(Step):
    """A monitor fitted and judged on the packaged queries: one pooling, logistic probes, no stress, no audit.

    ``eudaimon monitor quickstart`` does the whole of it.
    """

    model: str = "minilm"
    seed: int = 0
    n_resamples: int = 300

    def run(self, out: Path, inputs: Mapping[str, Path]) -> None:
        """Fit, evaluate, and write the monitor and its record."""
        from eudaimon.data.selection import select
        from eudaimon.models.load import load
        from eudaimon.monitor.evaluation import Options
        from eudaimon.monitor.preparation import FitOptions
        from eudaimon.monitor.run import evaluate_run, fit_run

        splits = select()
        fitting = FitOptions(
            seed=self.seed, poolings=("mean",), kernel_strengths=(), strengths=(0.03,), augment=False
        )
        monitor = fit_run(load(self.model), splits, out / MONITOR, fitting)
        options = Options(self.seed, self.n_resamples, with_stress=False, with_audit=False)
        evaluate_run(monitor, splits, out, command=COMMAND, options=options)

    def cost(self) -> Cost:
        """As measured on one thread."""
        return Cost(seconds=90, memory_gb=1.5, disk_mb=5)
