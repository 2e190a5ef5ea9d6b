"""The control that stands beside every adapter: a random LoRA of the same size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float

from eudaimon.core import UsageError
from eudaimon.models.adapters.adapter import WEIGHTS, Adapter, read_config
from eudaimon.models.adapters.origin import Origin, read_origin
from eudaimon.models.adapters.save import write_adapter


def random_adapter(like: Adapter, seed: int, folder: str | Path) -> Adapter:
    """A LoRA whose update B A has, module by module, the Frobenius norm of ``like``'s and a random direction.

    Written into ``folder`` and returned, named ``random``, with the weight of ``like``. A and B are Gaussian,
    so that the update's row and column spaces are uniformly distributed; rank, scaling and target modules
    are those of ``like``, its singular values are not matched. Same seed, same bytes.
    """
    import torch
    from safetensors.torch import load_file

    tensors = load_file(like.folder / WEIGHTS)
    made = {}
    generator = np.random.default_rng(seed)
    for name in sorted(name for name in tensors if "lora_A" in name or "lora_embedding_A" in name):
        other = name.replace("lora_A", "lora_B").replace("lora_embedding_A", "lora_embedding_B")
        a, b = tensors[name], tensors.get(other)
        if b is None or a.ndim != 2 or b.ndim != 2:
            raise UsageError(f"{name} of {like.folder} is no matrix with a partner {other}")
        random_a, random_b = (generator.standard_normal(part.shape) for part in (a, b))
        random_a *= np.linalg.norm(a.double().numpy()) / np.linalg.norm(random_a)
        wanted = product_norm(a.double().numpy(), b.double().numpy())
        random_b *= wanted / product_norm(random_a, random_b)
        made[name] = torch.from_numpy(random_a).to(a.dtype)
        made[other] = torch.from_numpy(random_b).to(b.dtype)
    rest = sorted(set(tensors) - set(made))
    if rest:
        raise UsageError(f"{like.folder} holds {rest[0]}, which is no part of a plain LoRA")
    origin = read_origin(like.folder)
    own = Origin(
        base=origin.base if origin else "",
        base_name=origin.base_name if origin else "",
        random_like=like.fingerprint,
        random_seed=seed,
    )
    folder = Path(folder)
    write_adapter(folder, read_config(like.folder), made, own)
    return Adapter("random", folder, like.weight)


def product_norm(a: Float[np.ndarray, "r in"], b: Float[np.ndarray, "out r"]) -> float:
    """The Frobenius norm of ``b @ a``, not negative, without forming the product."""
    # The trace is a sum of rounding errors around zero when b is zero.
    return float(np.sqrt(max(np.sum((b.T @ b) * (a @ a.T)), 0.0)))
