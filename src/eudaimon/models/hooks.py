"""Reading hooks: a function is called with the hidden state at each site of a forward, which may stop there.

Hooks act on forwards of the thread that set them only, so that two threads may read one model at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from eudaimon.core import Site
from eudaimon.models.anatomy import first, sublayer
from eudaimon.models.model import Model

if TYPE_CHECKING:
    from torch import Tensor, nn

Read = Callable[[int, "Tensor"], bool | None]
"""Called with the index of the site and its hidden state ``[rows, t, d]``; True stops the forward there.

The state comes on `Model.device`, wherever its block lies.
"""


Act = Callable[["Tensor"], "Tensor | None"]
"""Called with the hidden state ``[rows, t, d]`` at a site, on its block’s device.

What it returns takes its place.
"""


class Stopped(Exception):
    """Leaves a forward whose remaining layers nobody needs."""


@contextmanager
def reading(model: Model, sites: Sequence[Site], read: Read) -> Iterator[None]:
    """Within the block, every forward calls ``read`` at each site; no hook remains after it."""
    handles: list[Any] = []

    def reader(index: int) -> Act:
        def act(hidden: Tensor) -> None:
            if read(index, hidden.to(model.device)):
                raise Stopped

        return act

    try:
        for index, site in enumerate(sites):
            handles += attach(model, site, reader(index))
        yield
    finally:
        for handle in handles:
            handle.remove()


def attach(model: Model, site: Site, act: Act) -> list[Any]:
    """Call ``act`` with the hidden state at a site in forwards of this thread; what it returns replaces it.

    Returns the handles, whose ``remove`` ends it.
    """
    owner = threading.get_ident()
    block = model.blocks[max(site.layer, 1) - 1]
    shape: list[tuple[int, ...]] = []

    def before(_block: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if threading.get_ident() != owner:
            return None
        hidden = args[0] if args else kwargs["hidden_states"]
        shape[:] = [tuple(hidden.shape)]
        changed = act(hidden) if site.layer == 0 else None
        if changed is None:
            return None
        return ((changed, *args[1:]), kwargs) if args else (args, kwargs | {"hidden_states": changed})

    def after(_part: nn.Module, _args: Any, output: Any) -> Any:
        if threading.get_ident() != owner:
            return None
        hidden = first(output)
        # OPT hands its MLP all tokens of the batch in one long row.
        changed = act(hidden if hidden.ndim == 3 else hidden.view(*shape[0][:2], -1))
        if changed is None:
            return None
        changed = changed.view(hidden.shape)
        return (changed, *output[1:]) if isinstance(output, tuple) else changed

    handles = []
    if site.layer == 0 or site.place == "mlp":
        handles.append(block.register_forward_pre_hook(before, with_kwargs=True))
    if site.layer > 0:
        handles.append(sublayer(block, site.place).register_forward_hook(after))
    return handles
