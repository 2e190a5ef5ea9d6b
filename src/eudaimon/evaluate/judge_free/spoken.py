"""How likely a model finds what is said in given places: nats, tokens and bytes of each saying."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING, Any

from eudaimon.core.errors import TextTooLong, UsageError
from eudaimon.core.text import plain_text

if TYPE_CHECKING:
    from eudaimon.core.text import Text
    from eudaimon.models.model import Model


@dataclass(frozen=True, slots=True)
class Spoken:
    """The log-probability in nats (0 or less) of a saying, and how many bytes of UTF-8 it has."""

    nats: float
    n_bytes: int

    @property
    def bits_per_byte(self) -> float:
        """The log-probability in bits per byte, 0 or less: comparable between tokenizers."""
        return self.nats / log(2) / self.n_bytes


def spoken(model: Model, texts: Sequence[tuple[Text, int]], *, show_progress: bool = True) -> list[Spoken]:
    """What the tokens of each text from its code point on are worth; a negative one counts from the end.

    Conversations go through the model's chat template, plain strings stand as they are. Raises `TextTooLong`
    for a text over the context, `UsageError` for a model without a language-model head.
    """
    from eudaimon.evaluate.likelihood import prompt_likelihood
    from eudaimon.models.prompts import prepare

    module: Any = model.module
    if not model.is_causal or module.get_output_embeddings() is None:
        raise UsageError(
            f"{model.checkpoint.name} gives no probabilities: it has no language-model head",
            right="load a causal language model",
        )
    found: list[Spoken | None] = [None] * len(texts)
    for plain in (True, False):
        places = [place for place, (text, _) in enumerate(texts) if isinstance(text, str) == plain]
        if not places:
            continue
        asked = prepare(model, [texts[place][0] for place in places], template=not plain)
        values = prompt_likelihood(model, asked, show_progress=show_progress)
        for place, prompt, (nats, _) in zip(places, asked, values, strict=True):
            if prompt.truncated:
                raise TextTooLong(
                    f"text {place + 1} is longer than the context of {model.max_tokens} tokens",
                    right="a shorter text",
                )
            whole = plain_text(texts[place][0])
            start = texts[place][1] if texts[place][1] >= 0 else len(whole) + texts[place][1]
            said = prompt.content[1:] & (prompt.spans[1:, 0] >= start)
            size = len(whole[start:].encode("utf-8", errors="surrogatepass"))
            found[place] = Spoken(float(nats[said].sum()), size)
    return [one for one in found if one is not None]
