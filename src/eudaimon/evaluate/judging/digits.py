"""The probabilities of numbers under a model that writes them digit by digit, as Qwen's and others do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float, Int

if TYPE_CHECKING:
    from eudaimon.models.model import Model


@dataclass(frozen=True, eq=False)
class Digits:
    """The tokens that are one digit: all that may begin a number, by digit, and those that continue one."""

    first: tuple[Int[np.ndarray, "_"], ...]
    next: Int[np.ndarray, "10"]

    @classmethod
    def of(cls, texts: list[str]) -> Digits | None:
        """The digits among all tokens, given as text; None where one of them is no token."""
        first = tuple(np.flatnonzero([text.strip() == str(digit) for text in texts]) for digit in range(10))
        bare = {text: token for token, text in enumerate(texts)}
        if not all(str(digit) in bare for digit in range(10)):
            return None
        return cls(first, np.array([bare[str(digit)] for digit in range(10)]))


def digit_shares(model: Model, ids: Int[np.ndarray, "t"], digits: Digits) -> dict[int, float]:
    """The probability of each number from 0 to 100 as what follows a prompt, from three short forwards.

    A number of one digit ends where no further digit follows. What follows two digits is looked at for 10
    alone, which may become 100: other numbers of three digits are no verdicts, and count as their first two.
    """
    import torch

    module: Any = model.module
    prompt = torch.from_numpy(np.asarray(ids, dtype=np.int64)).to(model.device)[None]
    tokens = torch.from_numpy(digits.next).to(model.device)[:, None]
    with torch.inference_mode():
        out = module(input_ids=prompt, use_cache=True)
        start = _probabilities(out.logits)[0]
        cache = out.past_key_values
        cache.batch_repeat_interleave(10)
        out = module(input_ids=tokens, past_key_values=cache, use_cache=True)
        second = _probabilities(out.logits)[:, digits.next]  # first digit, second digit
        zeros = tokens[:1].expand(10, 1)
        out = module(input_ids=zeros, past_key_values=out.past_key_values, use_cache=True)
        third = float(_probabilities(out.logits)[1, digits.next[0]])  # 0 after 10
    first = np.array([start[own].sum() for own in digits.first])
    shares = {digit: float(first[digit] * (1 - second[digit].sum())) for digit in range(10)}
    shares |= {
        10 * ten + one: float(first[ten] * second[ten, one]) for ten in range(1, 10) for one in range(10)
    }
    return {**shares, 10: shares[10] * (1 - third), 100: shares[10] * third}


def _probabilities(logits: Any) -> Float[np.ndarray, "b vocab"]:
    row: Float[np.ndarray, "b vocab"] = logits[:, -1].double().softmax(dim=-1).cpu().numpy()
    return row
