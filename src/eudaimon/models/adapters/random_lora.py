"""The control that stands beside every adapter: a random LoRA of the same size."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from eudaimon.models.adapters.adapter import Adapter, read_config
from eudaimon.models.adapters.origin import Origin, read_origin
from eudaimon.models.adapters.save import write_adapter
from eudaimon.models.adapters.updates import factors, product_norm


def random_adapter(like: Adapter, seed: int, folder: str | Path) -> Adapter:
    """A LoRA whose update B A has, module by module, the Frobenius norm of ``like``'s and a random direction.

    Written into ``folder`` and returned, named ``random``, with the weight of ``like``. A and B are Gaussian,
    so that the update's row and column spaces are uniformly distributed; rank, scaling and target modules
    are those of ``like``, its singular values are not matched. Same seed, same bytes.
    """
    import torch

    made = {}
    generator = np.random.default_rng(seed)
    for own in factors(like.folder):
        random_a, random_b = (generator.standard_normal(part.shape) for part in (own.a, own.b))
        random_a *= np.linalg.norm(own.a.double().numpy()) / np.linalg.norm(random_a)
        random_b *= own.norm / product_norm(random_a, random_b)
        made[own.a_name] = torch.from_numpy(random_a).to(own.a.dtype)
        made[own.b_name] = torch.from_numpy(random_b).to(own.b.dtype)
    origin = read_origin(like.folder)
    about = Origin(
        base=origin.base if origin else "",
        base_name=origin.base_name if origin else "",
        random_like=like.fingerprint,
        random_seed=seed,
    )
    folder = Path(folder)
    write_adapter(folder, read_config(like.folder), made, about)
    return Adapter("random", folder, like.weight)
