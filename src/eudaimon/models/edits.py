"""One change of the hidden state a copy: many vectors are tried on one batch of rows in one forward."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from jaxtyping import Float

from eudaimon.core import Site, UsageError
from eudaimon.models.hooks import attach
from eudaimon.models.model import Model

if TYPE_CHECKING:
    from torch import Tensor

EditKind = Literal["add", "ablate"]


class Change(Protocol):
    """What is tried on ``copies`` of every row at once: `Edits` of hidden states, gates of an adapter."""

    @property
    def copies(self) -> int:
        """How many copies of every row there are."""

    def acting(self, model: Model, copy: Tensor, place: Tensor) -> AbstractContextManager[None]:
        """Within the block row r of a batch is of copy ``copy[r]``, its token t at ``place[r, t]``."""


@dataclass(frozen=True, eq=False)
class Edits:
    """Changes of the hidden state at ``site``, one a copy of the rows that are asked.

    ``vectors[c, p]`` is what copy c uses at place ``first + p``; place 0 is a row's first token after its
    prompt, -1 the prompt's last. Nothing happens before the first place, and after the last one its vector
    stays. With ``first`` None there is one place, which stands for all of them. ``add`` adds the vectors as
    they are, in residual-stream units; ``ablate`` makes the projection on each of them zero (nothing, for a
    vector of length zero). Raises `UsageError` for numbers that are not finite or another shape.
    """

    kind: EditKind
    site: Site
    vectors: Float[np.ndarray, "copies places d"]
    first: int | None = None

    def __post_init__(self) -> None:
        vectors = np.asarray(self.vectors, dtype=np.float32)
        if vectors.ndim != 3 or 0 in vectors.shape or not np.isfinite(vectors).all():
            raise UsageError(f"edits of shape {vectors.shape}", right="finite vectors [copies, places, d]")
        if self.first is None and vectors.shape[1] != 1:
            raise UsageError(f"{vectors.shape[1]} places and no first one", right="one place, for everywhere")
        object.__setattr__(self, "vectors", vectors)

    @property
    def copies(self) -> int:
        """How many changes there are."""
        return int(self.vectors.shape[0])

    def at_places(self, strengths: Float[np.ndarray, "copies"]) -> Edits:
        """The same vectors, those of each copy times its strength."""
        scaled = self.vectors * np.asarray(strengths, dtype=np.float32)[:, None, None]
        return Edits(self.kind, self.site, scaled, self.first)

    @contextmanager
    def acting(self, model: Model, copy: Tensor, place: Tensor) -> Iterator[None]:
        """Within the block, forwards over a batch are changed; no hook remains after it.

        Row r is of copy ``copy[r]``, and its token t stands at ``place[r, t]``. Raises `UsageError` as
        `intervene` does.
        """
        site = model.check_site(self.site)
        if self.vectors.shape[2] != model.width:
            raise UsageError(
                f"the vectors for site {site} have {self.vectors.shape[2]} numbers",
                right=f"{model.checkpoint.name} has width {model.width}",
            )
        made = _chosen(self, copy, place)

        def act(hidden: Tensor) -> Tensor:
            chosen = made.to(hidden.device)
            if self.kind == "add":
                return (hidden.float() + chosen).to(hidden.dtype)
            along = (hidden.float() * chosen).sum(dim=-1, keepdim=True)
            return (hidden.float() - along * chosen).to(hidden.dtype)

        handles = attach(model, site, act)
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()


def _chosen(edits: Edits, copy: Tensor, place: Tensor) -> Tensor:
    """The vector of every token, ``[rows, t, d]``, or ``[rows, 1, d]`` where it is the same for all."""
    import torch

    vectors = torch.from_numpy(edits.vectors).to(place.device)
    if edits.kind == "ablate":
        length = vectors.norm(dim=-1, keepdim=True)
        vectors = torch.where(length > 0, vectors / length, 0.0)
    if edits.first is None:
        return vectors[copy]
    index = (place - edits.first).clamp(0, vectors.shape[1] - 1)
    begun = (place >= edits.first)[..., None]
    return vectors[copy[:, None], index] * begun
