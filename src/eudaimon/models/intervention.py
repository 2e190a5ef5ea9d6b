"""One change of what a model computes, as a value: what, where, along which vector, how far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

from eudaimon.core import Site, UsageError

Kind = Literal["add", "ablate", "cap"]
Where = Literal["all", "content", "last", "generated"]
KINDS: tuple[Kind, ...] = ("add", "ablate", "cap")
WHERE: tuple[Where, ...] = ("all", "content", "last", "generated")
UNIT_TOLERANCE = 1e-3


@dataclass(frozen=True, eq=False)
class Intervention:
    """One change of the hidden state ``h`` at a site along the unit vector ``u``, in residual-stream units.

    ``add``: ``h + strength * u``, the projection moves by exactly ``strength``. ``ablate``: the projection
    becomes zero (``strength`` is not used). ``cap``: the projection becomes at most ``strength``, or at least
    it with ``bound="least"``. ``positions`` restricts it to content tokens, to the last token of the prompt
    or to generated tokens. The vector must have norm 1 (`UsageError` otherwise): `Intervention.along` takes
    any length.
    """

    kind: Kind
    site: Site
    vector: Float[np.ndarray, "d"]
    strength: float = 0.0
    positions: Where = "all"
    bound: Literal["most", "least"] = "most"

    def __post_init__(self) -> None:
        vector = np.array(self.vector, dtype=np.float32)
        norm = float(np.linalg.norm(vector))
        if self.kind not in KINDS or self.positions not in WHERE or self.bound not in ("most", "least"):
            raise UsageError(
                f"{self.kind} at {self.positions} positions ({self.bound}) is no intervention",
                right=f"kind is one of {', '.join(KINDS)}, positions one of {', '.join(WHERE)}",
            )
        if vector.ndim != 1 or not np.isfinite(vector).all() or not np.isfinite(self.strength):
            raise UsageError("an intervention needs one finite vector and a finite strength")
        if abs(norm - 1) > UNIT_TOLERANCE:
            raise UsageError(
                f"the vector has norm {norm:.4g}",
                right="strength is in residual-stream units along a unit vector",
                do="Intervention.along(kind, site, vector, strength)",
            )
        vector.setflags(write=False)
        object.__setattr__(self, "vector", vector)
        object.__setattr__(self, "site", Site(self.site) if isinstance(self.site, int) else self.site)

    @classmethod
    def along(
        cls,
        kind: Kind,
        site: Site | int,
        vector: Float[np.ndarray, "d"],
        strength: float = 0.0,
        *,
        positions: Where = "all",
        bound: Literal["most", "least"] = "most",
    ) -> Intervention:
        """The intervention along ``vector``, whose length does not matter; `UsageError` for a zero vector."""
        vector = np.asarray(vector, dtype=np.float64)
        norm = float(np.linalg.norm(vector))
        if not norm > 0:
            raise UsageError("a vector of length zero has no direction")
        site = Site(site) if isinstance(site, int) else site
        return cls(kind, site, (vector / norm).astype(np.float32), strength, positions, bound)
