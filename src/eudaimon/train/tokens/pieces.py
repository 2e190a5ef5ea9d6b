"""Which stretch of which document goes into which row."""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int

from eudaimon.train.tokens.order import order

# Best fit looks for partners among this many pieces, so that a document stays near its place in the order.
WINDOW = 1024


@dataclass(frozen=True)
class Pieces:
    """Stretches of tokens, row after row.

    Piece i is ``starts[i]`` to ``starts[i] + lengths[i]`` of the token set, ``opens[i]`` says whether it
    begins a document; row r holds pieces ``rows[r]`` to ``rows[r + 1]``.
    """

    starts: Int[np.ndarray, "pieces"]
    lengths: Int[np.ndarray, "pieces"]
    opens: Bool[np.ndarray, "pieces"]
    rows: Int[np.ndarray, "rows+1"]

    def places(self, rows: Int[np.ndarray, "batch"]) -> Places:
        """Where each token of these rows stands, row after row."""
        n_pieces = self.rows[rows + 1] - self.rows[rows]
        first_piece = _starts(n_pieces)
        row = np.repeat(np.arange(len(rows)), n_pieces)
        pieces = np.repeat(self.rows[rows] - first_piece, n_pieces) + np.arange(len(row))
        lengths = self.lengths[pieces]
        first_token = _starts(lengths)
        inside = np.arange(int(lengths.sum())) - np.repeat(first_token, lengths)
        begins = first_token - first_token[first_piece][row]
        return Places(
            source=np.repeat(self.starts[pieces], lengths) + inside,
            row=np.repeat(row, lengths),
            column=np.repeat(begins, lengths) + inside,
            inside=inside,
            opens=np.repeat(self.opens[pieces], lengths) & (inside == 0),
            lengths=np.bincount(row, lengths, len(rows)).astype(np.int64),
        )


@dataclass(frozen=True)
class Places:
    """For each token its number in the set, its row and column, its number in its piece, and whether it opens
    a document; ``lengths`` are the tokens of each row.
    """

    source: Int[np.ndarray, "tokens"]
    row: Int[np.ndarray, "tokens"]
    column: Int[np.ndarray, "tokens"]
    inside: Int[np.ndarray, "tokens"]
    opens: Bool[np.ndarray, "tokens"]
    lengths: Int[np.ndarray, "batch"]


def one_a_row(ends: Int[np.ndarray, "documents"], length: int, seed: int | None) -> Pieces:
    """Each document in a row of its own; a longer one is cut and goes on in the next row."""
    starts, lengths, opens = _cut(*_documents(ends, seed), length)
    return Pieces(starts, lengths, opens, np.arange(len(starts) + 1))


def packed(ends: Int[np.ndarray, "documents"], length: int, seed: int | None) -> Pieces:
    """Whole documents together in rows by best fit, a longer one cut; each window keeps its place."""
    starts, lengths, opens = _cut(*_documents(ends, seed), length)
    place, rows = np.empty(len(starts), np.int64), [0]
    filled = 0
    for low in range(0, len(starts), WINDOW):
        for row in _best_fit(lengths[low : low + WINDOW].tolist(), length):
            place[filled : filled + len(row)] = np.array(row) + low
            filled += len(row)
            rows.append(filled)
    return Pieces(starts[place], lengths[place], opens[place], np.array(rows))


def stream(ends: Int[np.ndarray, "documents"], length: int, seed: int | None) -> Pieces:
    """All documents end to end, cut every ``length`` tokens; only the last row may be short."""
    starts, lengths = _documents(ends, seed)
    after = np.cumsum(lengths)
    edges = np.union1d(np.append(after - lengths, after[-1:]), np.arange(0, int(after[-1]), length))
    begin, end = edges[:-1], edges[1:]
    document = np.searchsorted(after, begin, side="right")
    inside = begin - (after - lengths)[document]
    rows = np.append(np.flatnonzero(begin % length == 0), len(begin))
    return Pieces(starts[document] + inside, end - begin, inside == 0, rows)


def _documents(
    ends: Int[np.ndarray, "documents"], seed: int | None
) -> tuple[Int[np.ndarray, "n"], Int[np.ndarray, "n"]]:
    """Start and length of each document that has tokens, in the order to read them."""
    ends = np.asarray(ends)
    starts = np.concatenate([[0], ends[:-1]])
    lengths = ends - starts
    chosen = np.flatnonzero(lengths)
    if seed is not None:
        chosen = chosen[order(len(chosen), seed)]
    return starts[chosen], lengths[chosen]


def _cut(
    starts: Int[np.ndarray, "n"], lengths: Int[np.ndarray, "n"], length: int
) -> tuple[Int[np.ndarray, "pieces"], Int[np.ndarray, "pieces"], Bool[np.ndarray, "pieces"]]:
    n_pieces = -(-lengths // length)
    document = np.repeat(np.arange(len(starts)), n_pieces)
    number = np.arange(len(document)) - np.repeat(np.cumsum(n_pieces) - n_pieces, n_pieces)
    inside = number * length
    return starts[document] + inside, np.minimum(lengths[document] - inside, length), number == 0


def _best_fit(lengths: list[int], length: int) -> list[list[int]]:
    """Rows of indices: the longest piece first, each into the fullest row that still takes it."""
    rows: list[list[int]] = []
    space: list[tuple[int, int]] = []  # space left and number of the row, sorted
    for index in sorted(range(len(lengths)), key=lambda index: (-lengths[index], index)):
        found = bisect_left(space, (lengths[index], -1))
        if found < len(space):
            left, row = space.pop(found)
            rows[row].append(index)
        else:
            left, row = length, len(rows)
            rows.append([index])
        if left > lengths[index]:
            insort(space, (left - lengths[index], row))
    return sorted((sorted(row) for row in rows), key=lambda row: row[0])


def _starts(lengths: Int[np.ndarray, "n"]) -> Int[np.ndarray, "n"]:
    starts: np.ndarray = np.cumsum(lengths) - lengths
    return starts
