"""A loaded model: weights, tokenizer, and where its parts are."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from eudaimon.core import Binding, Checkpoint, Site, UsageError
from eudaimon.models import anatomy

if TYPE_CHECKING:
    import torch
    from torch import nn

    from eudaimon.models.intervention import Intervention


@dataclass(frozen=True, eq=False)
class Model:
    """A checkpoint in memory, ready to be asked; made by `load`, never changed.

    ``module`` is the whole network (trunk and head) as transformers loaded it, in evaluation mode without
    gradients; ``max_tokens`` is its context, special tokens included.
    """

    checkpoint: Checkpoint
    module: nn.Module
    tokenizer: Any
    device: torch.device
    max_tokens: int
    adapters: tuple[str, ...] = ()
    interventions: tuple[Intervention, ...] = ()
    """Those that act on every forward because the model was opened with them."""

    @property
    def n_layers(self) -> int:
        """The number of blocks."""
        return self.checkpoint.n_layers

    @property
    def width(self) -> int:
        """The dimension of the residual stream."""
        return self.checkpoint.width

    @property
    def binding(self) -> Binding:
        """What a direction or monitor made on this model is bound to."""
        return Binding.of(self.checkpoint, self.adapters)

    @property
    def sites(self) -> tuple[Site, ...]:
        """The block sites, from the embedding (0) to the last block (``n_layers``)."""
        return tuple(Site(layer) for layer in range(self.n_layers + 1))

    @property
    def is_causal(self) -> bool:
        """Whether a token sees only tokens before it."""
        return self.checkpoint.kind == "causal"

    @property
    def has_template(self) -> bool:
        """Whether the tokenizer has a chat template."""
        return bool(self.checkpoint.template_hash)

    @cached_property
    def trunk(self) -> nn.Module:
        """The network without its language-model head."""
        return anatomy.trunk(self.module, causal=self.is_causal)

    @cached_property
    def blocks(self) -> tuple[nn.Module, ...]:
        """The blocks in order; block ``k`` of the list writes ``Site(k + 1)``."""
        return anatomy.blocks(self.trunk, self.n_layers)

    def check_site(self, site: Site | int) -> Site:
        """The site, if this model has it; raises `UsageError` otherwise."""
        # numpy's integers come out of every argmax.
        site = Site(*site) if isinstance(site, tuple) else Site(operator.index(site))
        lowest = 0 if site.place == "block" else 1
        if not lowest <= site.layer <= self.n_layers:
            raise UsageError(
                f"{self.checkpoint.name} has no site {site}",
                right=f"its layers run from {lowest} to {self.n_layers}",
            )
        return site
