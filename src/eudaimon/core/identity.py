"""What a model is, as hashes, and what an artifact made from one is bound to."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from eudaimon.core.errors import BindingMismatch

HASH_LENGTH = 16


def short_hash(value: Any) -> str:
    """The first 16 hex digits of SHA-256 of bytes, of a string, or of a value's canonical JSON."""
    if isinstance(value, str):
        value = value.encode("utf-8", "surrogatepass")
    elif not isinstance(value, bytes):
        value = json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":")).encode()
    return hashlib.sha256(value).hexdigest()[:HASH_LENGTH]


def span_hash(text: str | bytes | memoryview) -> str:
    """16 hex digits of XXH3 of a text: a seventh of the time of `short_hash`.

    It tells whether a text has changed, unless somebody took pains that it should not: what is kept or
    removed is proved by `short_hash`.
    """
    import xxhash

    return xxhash.xxh3_64_hexdigest(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text)


class Checkpoint(BaseModel):
    """Weights, config and tokenizer of one Hugging Face folder, named by what they contain.

    ``fingerprint`` hashes config and weights, ``tokenizer_hash`` the tokenizer's vocabulary and rules,
    ``template_hash`` the chat template (empty when there is none).
    """

    model_config = ConfigDict(frozen=True)
    name: str
    revision: str = ""
    kind: Literal["causal", "encoder"]
    family: str
    n_layers: int
    width: int
    n_parameters: int
    fingerprint: str
    tokenizer_hash: str
    template_hash: str = ""
    dtype: str = "float32"


class Binding(BaseModel):
    """What a direction or a monitor was made on, and the only thing that it may be used on."""

    model_config = ConfigDict(frozen=True)
    checkpoint: str
    tokenizer: str
    template: str = ""
    adapters: tuple[str, ...] = ()
    name: str = ""
    """The checkpoint's readable name; never compared."""

    @classmethod
    def of(cls, checkpoint: Checkpoint, adapters: tuple[str, ...] = ()) -> Binding:
        """The binding to a checkpoint with an ordered stack of adapter fingerprints."""
        return cls(
            checkpoint=checkpoint.fingerprint,
            tokenizer=checkpoint.tokenizer_hash,
            template=checkpoint.template_hash,
            adapters=adapters,
            name=checkpoint.name,
        )

    def differences(self, other: Binding) -> tuple[str, ...]:
        """Which of checkpoint, tokenizer, template and adapters differ, in that order."""
        fields = ("checkpoint", "tokenizer", "template", "adapters")
        return tuple(field for field in fields if getattr(self, field) != getattr(other, field))

    def require(self, other: Binding, what: str, *, force: bool = False) -> tuple[str, ...]:
        """The differences to ``other``, for the record; raises `BindingMismatch` unless forced or none."""
        different = self.differences(other)
        if different and not force:
            details = "; ".join(
                f"{field} is {getattr(other, field) or 'none'}, not {getattr(self, field) or 'none'}"
                for field in different
            )
            raise BindingMismatch(
                f"this {what} was made on {self.name or self.checkpoint} and not on "
                f"{other.name or other.checkpoint}: {details}",
                right="use it on what it was made on, or make a new one",
                do="--force (the difference is then recorded)",
            )
        return different
