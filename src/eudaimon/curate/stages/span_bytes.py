"""Where the segments of a batch lie in the UTF-8 of its texts, and their hashes from there."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Int, UInt8, UInt64

from eudaimon.core.identity import HASH_LENGTH
from eudaimon.curate.stages.spans import Spans

if TYPE_CHECKING:
    import pyarrow

_SHARED = "bytes"


@dataclass(frozen=True, slots=True, eq=False)
class SpanBytes:
    """``encoded`` holds the texts one behind the other, text ``k`` in ``[texts[k], texts[k + 1])``.

    Segments have ``[low, high)``. Halves of surrogate pairs are encoded as if they were characters.
    """

    encoded: bytes
    texts: Int[np.ndarray, " documents+1"]
    low: Int[np.ndarray, " rows"]
    high: Int[np.ndarray, " rows"]

    @property
    def data(self) -> UInt8[np.ndarray, " bytes"]:
        """The bytes as an array."""
        return np.frombuffer(self.encoded, np.uint8)


def encoded_texts(texts: tuple[str, ...]) -> bytes:
    """The texts one behind the other as `SpanBytes` have them."""
    return "".join(texts).encode("utf-8", "surrogatepass")


def eights(data: UInt8[np.ndarray, " bytes"]) -> UInt64[np.ndarray, " bytes-7"]:
    """The eight bytes from every place on, the first lowest: unaligned, and as fast as aligned reads."""
    n = max(0, len(data) - 7)
    return np.lib.stride_tricks.as_strided(data[: 8 * min(n, 1)].view("<u8"), (n,), (1,))


def span_bytes(spans: Spans) -> SpanBytes:
    """The bytes of these spans, encoded once for all who ask."""
    if _SHARED not in spans.shared:
        encoded = encoded_texts(spans.texts)
        points = np.cumsum([0, *map(len, spans.texts)])
        begin = np.repeat(points[:-1], np.diff(spans.first))
        places = [points, begin + spans.start, begin + spans.end]
        if len(encoded) != points[-1]:
            # A character begins later by the continuing bytes of those before it; 80 to BF are signed ones.
            later = np.flatnonzero(np.frombuffer(encoded, np.int8) < -64)
            later -= np.arange(len(later))  # the number of characters that each comes after
            places = [each + np.searchsorted(later, each, side="right") for each in places]
        keep_bytes(spans, SpanBytes(encoded, *places))
    found: SpanBytes = spans.shared[_SHARED]
    return found


def keep_bytes(spans: Spans, found: SpanBytes) -> None:
    """Let others who ask for the bytes of these spans have those that are known already."""
    spans.shared[_SHARED] = found


def hash_column(
    encoded: bytes,
    low: Int[np.ndarray, " rows"],
    high: Int[np.ndarray, " rows"],
    whole: Bool[np.ndarray, " rows"],
) -> pyarrow.Array:
    """The hashes of the text in each of these ranges of bytes, as Arrow strings.

    Those of `eudaimon.core.identity`: `short_hash` of texts that are ``whole``, `span_hash` of spans.
    """
    import pyarrow
    import xxhash

    quick, view, half = xxhash.xxh3_64_digest, memoryview(encoded), HASH_LENGTH // 2
    starts, ends = low.tolist(), high.tolist()
    digests = [quick(view[a:b]) for a, b in zip(starts, ends, strict=True)]
    for row in np.flatnonzero(whole).tolist():
        digests[row] = hashlib.sha256(view[starts[row] : ends[row]]).digest()[:half]
    offsets = np.arange(len(low) + 1, dtype=np.int32) * HASH_LENGTH
    return pyarrow.StringArray.from_buffers(
        len(low), pyarrow.py_buffer(offsets), pyarrow.py_buffer(b"".join(digests).hex().encode())
    )
