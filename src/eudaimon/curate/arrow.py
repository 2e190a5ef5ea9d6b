"""Arrow arrays from numpy's and from strings, and numpy's from Arrow's, by their buffers.

``pyarrow.array`` and ``to_numpy`` would do. They import pandas to ask whether it was given some, which takes
longer than a worker needs to score ten megabytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Bool, Int, Shaped

if TYPE_CHECKING:
    import pyarrow


def numbers(values: Shaped[np.ndarray, " n"], null: Bool[np.ndarray, " n"] | None = None) -> pyarrow.Array:
    """An array of these numbers of numpy's type, null where ``null`` says so."""
    import pyarrow

    values = np.ascontiguousarray(values)
    valid = None if null is None or not null.any() else _bits(~null)
    return pyarrow.Array.from_buffers(
        pyarrow.from_numpy_dtype(values.dtype), len(values), [valid, pyarrow.py_buffer(values)]
    )


def truths(values: Bool[np.ndarray, " n"]) -> pyarrow.Array:
    """An array of truth values."""
    import pyarrow

    return pyarrow.Array.from_buffers(pyarrow.bool_(), len(values), [None, _bits(values)])


def strings(values: Sequence[str]) -> pyarrow.Array:
    """An array of strings, which have no lone surrogates."""
    import pyarrow

    encoded = [value.encode() for value in values]
    offsets = np.zeros(len(encoded) + 1, dtype=np.int32)
    np.cumsum([len(each) for each in encoded], out=offsets[1:])
    return pyarrow.StringArray.from_buffers(
        len(encoded), pyarrow.py_buffer(offsets), pyarrow.py_buffer(b"".join(encoded))
    )


def coded(
    codes: Int[np.ndarray, " n"], names: Sequence[str], null: Bool[np.ndarray, " n"] | None = None
) -> pyarrow.Array:
    """A dictionary array: ``names[codes[k]]``, null where ``null`` says so, whatever the code."""
    import pyarrow

    if null is not None:
        codes = np.where(null, 0, codes)
    if len(codes) and not (codes.min() >= 0 and codes.max() < max(1, len(names))):
        raise IndexError(f"a code is none of 0 to {len(names) - 1}")
    return pyarrow.DictionaryArray.from_arrays(
        numbers(codes.astype(np.int32, copy=False), null), strings(names), safe=False
    )


def to_numpy(column: pyarrow.Array | pyarrow.ChunkedArray) -> Shaped[np.ndarray, " n"]:
    """A column of numbers or truth values; where some are null, as 64-bit floats with NaN for them."""
    import pyarrow

    if isinstance(column, pyarrow.ChunkedArray):
        chunks = [to_numpy(chunk) for chunk in column.chunks]
        if len(chunks) == 1:
            return chunks[0]
        return np.concatenate(chunks) if chunks else np.zeros(0, column.type.to_pandas_dtype())
    valid, data = column.buffers()
    low, n = column.offset, len(column)
    if data is None:  # nothing, or nothing but nulls
        return np.full(n, np.nan) if n else np.zeros(0, column.type.to_pandas_dtype())
    if pyarrow.types.is_boolean(column.type):
        values = _unpacked(data, low, n)
    else:
        values = np.frombuffer(data, column.type.to_pandas_dtype())[low : low + n]
    if not column.null_count:
        return values
    return np.where(_unpacked(valid, low, n), values.astype(np.float64), np.nan)


def codes_of(column: pyarrow.ChunkedArray | pyarrow.Array) -> tuple[Int[np.ndarray, " n"], list[str | None]]:
    """A column of strings, or of a dictionary of them, as numbers into a list of names with None at its end.

    A name may come more than once in the list, and null has the number of None.
    """
    codes, names = [np.zeros(0, dtype=np.int64)], list[str | None]()
    for chunk in getattr(column, "chunks", [column]):
        coded = chunk if hasattr(chunk, "dictionary") else chunk.dictionary_encode()
        own = to_numpy(coded.indices)
        codes.append(np.where(np.isnan(own), -1, own + len(names)).astype(np.int64))
        names += coded.dictionary.to_pylist()
    found = np.concatenate(codes)
    return np.where(found < 0, len(names), found), [*names, None]


def among(column: pyarrow.ChunkedArray, wanted: Sequence[str | None]) -> Bool[np.ndarray, " n"]:
    """Whether a column of strings, or of a dictionary of them, holds one of those wanted; None is null."""
    codes, names = codes_of(column)
    return np.asarray(np.array([name in wanted for name in names], dtype=bool)[codes])


def plain_values(column: pyarrow.ChunkedArray) -> list[Any]:
    """A column of numbers, strings or a dictionary of strings as Python has them; None where it is null.

    A fifth of the time of ``to_pylist``, which makes an object of Arrow's of every value first.
    """
    kind = str(column.type)
    if kind.startswith("dictionary"):
        codes, names = codes_of(column)
        return [names[code] for code in codes.tolist()]
    if kind in ("string", "large_string"):
        return list(column.to_pylist())
    values = to_numpy(column).tolist()
    if not column.null_count:
        return list(values)
    whole = kind.startswith("int")
    return [None if value != value else int(value) if whole else value for value in values]


def _unpacked(bits: pyarrow.Buffer, low: int, n: int) -> Bool[np.ndarray, " n"]:
    found = np.unpackbits(np.frombuffer(bits, np.uint8), count=low + n, bitorder="little")
    return found[low:].astype(bool)


def _bits(values: Bool[np.ndarray, " n"]) -> pyarrow.Buffer:
    import pyarrow

    return pyarrow.py_buffer(np.packbits(values, bitorder="little"))
