"""A persona merged into the weights before anything else is trained: the pipeline that is kept apart."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from eudaimon.study.step import Cost
from eudaimon.study.steps.adapters import AdapterStep
from eudaimon.study.steps.model import MODEL, Estimate, ModelStep
from eudaimon.train.needs.needs import answer_needs


class MergedModel(ModelStep):
    """The checkpoint ``model`` with an adapter merged into its weights; its folder says so."""

    model: ModelStep
    adapter: AdapterStep

    def run(self, out: Path, inputs: Mapping[str, Path]) -> None:
        """Merge, read back, compare with the stack, and write the checkpoint."""
        from eudaimon.models.adapters.merged import merged_checkpoint

        checkpoint = self.model.checkpoint(inputs["model"])
        merged_checkpoint(checkpoint, (self.adapter.adapter(inputs["adapter"]),), out / MODEL)

    def cost(self) -> Cost:
        """Loaded twice, written once."""
        return self.model.cost_of(partial(answer_needs, n_answers=0, new_tokens=1), 0)

    def cost_of(self, needs: Estimate, n_tokens: int) -> Cost:
        """As of the model that it is made of."""
        return self.model.cost_of(needs, n_tokens)
