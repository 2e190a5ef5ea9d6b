"""Which split a group is in, and which rows a sample takes: both by hash, so that they stay the same."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable, Iterable
from typing import TypeVar

from eudaimon.curate.labelled.segment import LabelledSegment, Split

CALIBRATION, TEST = 0.1, 0.2
Row = TypeVar("Row")


def split_of(group: str) -> Split:
    """The split of a group: a tenth of the groups calibrate and a fifth test, whatever set they are in."""
    place = fraction(group, "split")
    if place < TEST:
        return "test"
    return "calibration" if place < TEST + CALIBRATION else "train"


def fraction(text: str, salt: str | int) -> float:
    """A number in [0, 1) that follows from text and salt alone, evenly spread over texts."""
    digest = hashlib.blake2b(f"{salt}\0{text}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) / (1 << 53)


def sampled(rows: Iterable[Row], n: int, name: Callable[[Row], str], seed: int) -> list[Row]:
    """``n`` of the rows (all, if there are fewer), drawn by the hash of their names; memory is that of ``n``.

    The order is that of the hashes. A row keeps its place when other rows come or go.
    """
    return heapq.nsmallest(n, rows, key=lambda row: fraction(name(row), seed))


def of_split(segments: Iterable[LabelledSegment], *splits: Split) -> list[LabelledSegment]:
    """The segments that are in one of the splits, in order."""
    return [segment for segment in segments if segment.split in splits]
