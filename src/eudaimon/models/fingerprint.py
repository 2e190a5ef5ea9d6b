"""What a checkpoint is, as hashes of its content, and how much memory it needs, before it is loaded."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eudaimon.core import ModelUnavailable, short_hash

WHOLE_BYTES = 256 << 20
SAMPLES = 64
SAMPLE_BYTES = 256 << 10
# Written by whoever saved the config and without effect on what the model computes.
VOLATILE = ("transformers_version", "_name_or_path", "dtype", "torch_dtype")
BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4}


def fingerprint(config: dict[str, Any], weights: Sequence[Path]) -> str:
    """16 hex digits of SHA-256 over config and weights: equal for copies, different for other weights.

    A file of up to 256 MiB is hashed whole. Of a larger one, its size, its header (names, shapes and
    offsets of all tensors) and 64 evenly spaced samples of 256 KiB are hashed: a full read of a large model
    would take longer than loading it. An edit between the samples of a large file goes unseen.
    """
    digest = hashlib.sha256()
    settings = {key: value for key, value in config.items() if key not in VOLATILE}
    digest.update(short_hash(settings).encode())
    for path in weights:
        size = path.stat().st_size
        digest.update(str(size).encode())
        with path.open("rb") as stream:
            if size <= WHOLE_BYTES:
                while chunk := stream.read(1 << 20):
                    digest.update(chunk)
                continue
            start = 8 + int.from_bytes(stream.read(8), "little")
            stream.seek(0)
            digest.update(stream.read(start))
            step = (size - start - SAMPLE_BYTES) / (SAMPLES - 1)
            for index in range(SAMPLES):
                stream.seek(start + int(index * step))
                digest.update(stream.read(SAMPLE_BYTES))
    return digest.hexdigest()[:16]


def tokenizer_hash(tokenizer: Any) -> str:
    """A hash of the vocabulary, the rules and the special tokens of a fast tokenizer.

    Padding and truncation do not count: transformers writes those of the latest call into the tokenizer.
    """
    rules = json.loads(tokenizer.backend_tokenizer.to_str()) | {"padding": None, "truncation": None}
    return short_hash([rules, sorted(tokenizer.all_special_tokens)])


def template_hash(tokenizer: Any) -> str:
    """A hash of the chat template that is applied by default; empty when there is none."""
    template = tokenizer.chat_template
    if isinstance(template, dict):
        template = template.get("default", "")
    return short_hash(template) if template else ""


def memory_bytes(weights: Sequence[Path], bytes_per_parameter: int) -> int:
    """The bytes that the weights take once loaded, read from the safetensors headers alone."""
    total = 0
    for path in weights:
        for name, tensor in header(path).items():
            if name == "__metadata__":
                continue
            floating = "F" in tensor["dtype"]
            width = bytes_per_parameter if floating else BYTES.get(tensor["dtype"], 1)
            total += math.prod(tensor["shape"]) * width
    return total


def header(path: Path) -> dict[str, Any]:
    """The header of a safetensors file; raises `ModelUnavailable` when the file is not one."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if size < 8 or length > size - 8:
            raise ModelUnavailable(
                f"{path} is not a whole safetensors file", right="download or save it again"
            )
        content: dict[str, Any] = json.loads(stream.read(length))
        return content
