"""A model under an attacker's interventions, as a model that says so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eudaimon.models.intervention import Intervention
    from eudaimon.models.model import Model


@contextmanager
def changed(model: Model, interventions: Sequence[Intervention]) -> Iterator[Model]:
    """Within the block the interventions act, on the model that is yielded and names them; then no trace.

    Adapters and interventions of the model's own go on acting. Raises as `install` does.
    """
    from eudaimon.models.interventions import install

    handles = install(model, interventions)
    try:
        yield replace(model, interventions=(*model.interventions, *interventions))
    finally:
        for handle in handles:
            handle.remove()
