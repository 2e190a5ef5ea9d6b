"""Change what a model computes: add, ablate or cap along a direction, and leave no trace afterwards."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from eudaimon.core import UsageError
from eudaimon.models.hooks import Act, attach
from eudaimon.models.intervention import Intervention as Intervention
from eudaimon.models.intervention import Where
from eudaimon.models.model import Model
from eudaimon.models.passes import Positions, running

if TYPE_CHECKING:
    from torch import Tensor

_active: ContextVar[tuple[tuple[int, Where], ...]] = ContextVar("active", default=())


@contextmanager
def intervene(model: Model, interventions: Sequence[Intervention]) -> Iterator[None]:
    """Within the block, forwards of this thread through the model are changed; after it, nothing is.

    Interventions at one site act in the order of the list, each on what the one before it left; a nested
    ``intervene`` acts after the outer one, and whatever reads a site inside the block reads the changed
    state. Works on every forward: `capture`, `generate`, or the module called directly, where content
    means all tokens that the attention mask shows. Raises `UsageError` for a vector of another width or a
    site that the model lacks.
    """
    handles = install(model, interventions)
    token = _active.set(_active.get() + tuple((id(model), change.positions) for change in interventions))
    try:
        yield
    finally:
        _active.reset(token)
        for handle in handles:
            handle.remove()


def install(model: Model, interventions: Sequence[Intervention]) -> list[Any]:
    """Make the interventions act on this thread's forwards until the returned handles are removed.

    Raises `UsageError` for a vector of another width or a site that the model lacks.
    """
    for change in interventions:
        site = model.check_site(change.site)
        if len(change.vector) != model.width:
            raise UsageError(
                f"the vector for site {site} has {len(change.vector)} numbers",
                right=f"{model.checkpoint.name} has width {model.width}",
            )
    seen = _Seen(threading.get_ident())
    handles: list[Any] = [model.trunk.register_forward_pre_hook(seen.before, with_kwargs=True)]
    try:
        for change in interventions:
            handles += attach(model, change.site, _change(model, change, seen))
    except BaseException:
        for handle in handles:
            handle.remove()
        raise
    return handles


def depends_on_positions(model: Model) -> bool:
    """Whether an intervention that now acts on the model acts on chosen positions only."""
    acting = [where for owner, where in _active.get() if owner == id(model)]
    return any(where != "all" for where in [*acting, *(own.positions for own in model.interventions)])


class _Seen:
    """What the trunk was called with, for forwards that this package does not run."""

    def __init__(self, owner: int) -> None:
        self.owner = owner
        self.mask: Tensor | None = None
        self.generating = False

    def before(self, _trunk: Any, _args: Any, kwargs: dict[str, Any]) -> None:
        if threading.get_ident() == self.owner:
            cache = kwargs.get("past_key_values")
            self.generating = cache is not None and cache.get_seq_length() > 0
            mask = kwargs.get("attention_mask")
            self.mask = mask if mask is not None and mask.ndim == 2 else None

    def positions(self, hidden: Tensor) -> Positions:
        """The positions of the running forward; all tokens are content where nobody said otherwise."""
        import torch

        known = running()
        if known is not None:
            return known
        rows, width = hidden.shape[:2]
        mask = self.mask[:, -width:].bool().to(hidden.device) if self.mask is not None else None
        content = (
            mask if mask is not None else torch.ones(rows, width, dtype=torch.bool, device=hidden.device)
        )
        order = torch.arange(width, device=hidden.device)
        ends = torch.where(content, order, -1).amax(dim=1, keepdim=True)
        return Positions(content, order == ends, self.generating)


def _change(model: Model, change: Intervention, seen: _Seen) -> Act:
    import torch

    vector = torch.from_numpy(change.vector.copy()).to(model.device)

    def changed(hidden: Tensor) -> Tensor:
        unit = vector.to(hidden.device)
        along = hidden.float() @ unit
        if change.kind == "add":
            step = torch.full_like(along, change.strength)
        elif change.kind == "ablate":
            step = -along
        elif change.bound == "most":
            step = (change.strength - along).clamp(max=0)
        else:
            step = (change.strength - along).clamp(min=0)
        if change.positions != "all":
            step = step * _mask(change.positions, seen.positions(hidden)).to(hidden.device)
        return (hidden.float() + step[..., None] * unit).to(hidden.dtype)

    return changed


def _mask(where: Where, positions: Positions) -> Tensor:
    import torch

    if where == "generated":
        return torch.full_like(positions.content, positions.generated)
    if positions.generated:
        return torch.zeros_like(positions.content)
    return positions.content if where == "content" else positions.last
