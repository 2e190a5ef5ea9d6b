"""The same number of tokens for every arm: which documents an arm trains on, and in which place.

Every arm starts from the same base, the documents at the head of the stream, and keeps its order. What an arm
takes out is replaced, in its place, by a further document of the same source that has passed through the same
arm (as Deep Ignorance replaced filtered documents within their domain). What it shortens is made up for after
the base's end; what it lengthens ends earlier.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from eudaimon.core.document import Document
from eudaimon.core.errors import UsageError
from eudaimon.train.arm import Base, CountTokens, Edited, Plan, source_of
from eudaimon.train.counting import counts

CHUNK = 512
OVER_BUDGET = "over the budget of tokens"


@dataclass(frozen=True, slots=True)
class Placed:
    """A document that an arm trains on: tokens of one reading, its place in the base or after it."""

    document: Document
    edited: Edited
    size: int
    slot: int
    refill: bool

    @property
    def n_tokens(self) -> int:
        """Input tokens, every repetition counted."""
        return self.size * (self.edited.text.weight if self.edited.text else 0)


def match(
    base: Base, plan: Plan, reserve: Iterator[Document], *, most_reserve: int
) -> tuple[list[Placed], dict[int, str]]:
    """What is trained on, in order, and the base's positions that are not, with the reason.

    Their tokens add up to the base's or up to one document more, and so for each source that can be refilled.
    A source of which so little passes the arm that refilling it would take more than ``most_reserve`` times
    the base is made up for by the others, by their shares; so is, at the end of the stream, a source that
    gave too little. Raises `UsageError` when all of them together do.
    """
    accounts = _Accounts(base)
    refused = _place_base(base, plan, accounts, most_reserve)
    for document, edited, size in _passing(base, plan, reserve, accounts, most_reserve * len(base.documents)):
        accounts.refill(document, edited, size)
    accounts.use_pool()
    if accounts.total < accounts.target:
        raise UsageError(
            f"the corpus ends {accounts.target - accounts.total:,} tokens short of {accounts.target:,}: "
            f"too little of it passes this arm",
            right="a longer stream of documents, or fewer tokens",
            do=f"n_tokens={int(accounts.total * 0.9)}",
        )
    refused |= dict.fromkeys(accounts.trim(), OVER_BUDGET)
    return sorted(accounts.placed, key=lambda placed: placed.slot), refused


class _Accounts:
    """How many tokens of each source are wanted and had, and the places that are free."""

    def __init__(self, base: Base) -> None:
        self.budget: dict[str, int] = defaultdict(int)
        for source, size in zip(base.sources, base.sizes, strict=True):
            self.budget[source] += size
        self.target = sum(base.sizes)
        self.had: dict[str, int] = defaultdict(int)
        self.placed: list[Placed] = []
        self.last: dict[str, int] = {}
        self.free: dict[str, deque[int]] = {source: deque() for source in sorted(self.budget)}
        self.n_slots = len(base.documents)
        self.pool: list[Placed] = []
        self.in_pool = 0

    @property
    def total(self) -> int:
        return sum(self.had.values())

    @property
    def missing(self) -> int:
        """Tokens that sources still lack."""
        return sum(max(budget - self.had[source], 0) for source, budget in self.budget.items())

    def short(self, source: str) -> bool:
        return self.had[source] < self.budget.get(source, 0)

    def wants(self, source: str) -> bool:
        """Whether a document of this source is of use, now or where another source gives too little."""
        return self.short(source) or self.in_pool < self.missing

    def add(self, placed: Placed) -> None:
        source = source_of(placed.document)
        self.had[source] += placed.n_tokens
        self.last[source] = len(self.placed)
        self.placed.append(placed)

    def refill(self, document: Document, edited: Edited, size: int) -> None:
        source = source_of(document)
        if self.short(source):
            self._settle(document, edited, size)
        elif self.wants(source):
            self.pool.append(Placed(document, edited, size, self.n_slots, True))
            self.in_pool += self.pool[-1].n_tokens

    def use_pool(self) -> None:
        """Let documents that were passed over make up for what another source did not give."""
        for placed in self.pool:
            if self.total < self.target:
                self._settle(placed.document, placed.edited, placed.size)

    def _settle(self, document: Document, edited: Edited, size: int) -> None:
        """Add a further document in a free place: one of its source, else any, else after the base."""
        queues = [self.free.get(source_of(document)), *self.free.values()]
        slot = next((queue.popleft() for queue in queues if queue), self.n_slots)
        self.n_slots += slot == self.n_slots
        self.add(Placed(document, edited, size, slot, True))

    def give_up(self, passing: Mapping[str, int], most_reserve: int) -> None:
        """Let others make up, by their shares, for sources of whose base too few tokens are ``passing``."""
        barren: set[str] = set()
        whole = dict(self.budget)
        while found := {
            source
            for source, budget in self.budget.items()
            if source not in barren and budget - self.had[source] > most_reserve * passing.get(source, 0)
        }:
            barren |= found
            rest = {source: whole[source] for source in sorted(whole) if source not in barren}
            if not rest:
                return
            lost = sum(self.budget[source] - self.had[source] for source in found)
            for source in found:
                self.budget[source] = self.had[source]
            shares = sum(rest.values())
            for source, share in rest.items():
                part = -(-lost * share // shares)
                self.budget[source] += part
                lost, shares = lost - part, shares - share

    def trim(self) -> list[int]:
        """Take out the last document of sources over their budget, where the target is met without it."""
        total = self.total
        out: list[Placed] = []
        over = [k for source, k in self.last.items() if self.had[source] > self.budget.get(source, 0)]
        for index in sorted(over, reverse=True):
            if total - self.placed[index].n_tokens >= self.target:
                total -= self.placed[index].n_tokens
                out.append(self.placed.pop(index))
        return [placed.slot for placed in out if not placed.refill]


def _place_base(base: Base, plan: Plan, accounts: _Accounts, most_reserve: int) -> dict[int, str]:
    """Place what the arm keeps of the base; positions of the rest with the reason."""
    edited = [plan.edit(document) for document in base.documents]
    sizes = _sizes(base.documents, edited, base.count_tokens, base.sizes)
    refused: dict[int, str] = {}
    passing: dict[str, int] = defaultdict(int)
    for k, (document, result) in enumerate(zip(base.documents, edited, strict=True)):
        source = base.sources[k]
        if result.text is not None and plan.admits(document):
            passing[source] += sizes[k] * result.text.weight
        if k in plan.gives_way or result.text is None:
            refused[k] = plan.gives_way.get(k, result.reason)
            accounts.free[source].append(k)
        elif accounts.short(source):
            accounts.add(Placed(document, result, sizes[k], k, False))
        else:
            refused[k] = OVER_BUDGET
    accounts.give_up(passing, most_reserve)
    return refused


def _passing(
    base: Base, plan: Plan, reserve: Iterator[Document], accounts: _Accounts, most: int
) -> Iterator[tuple[Document, Edited, int]]:
    """Further documents that the arm admits and the accounts may use, until no source lacks any."""
    read = 0
    while accounts.missing:
        chunk = list(islice(reserve, min(CHUNK, most - read)))
        if not chunk:
            return
        read += len(chunk)
        wanted = [d for d in chunk if accounts.wants(source_of(d)) and plan.admits(d)]
        edited = [plan.edit(document) for document in wanted]
        sizes = _sizes(wanted, edited, base.count_tokens)
        yield from (row for row in zip(wanted, edited, sizes, strict=True) if row[1].text is not None)


def _sizes(
    documents: Sequence[Document],
    edited: Sequence[Edited],
    count_tokens: CountTokens,
    known: Sequence[int] | None = None,
) -> list[int]:
    """Tokens of the edited texts; 0 where nothing is left. ``known`` are those of the originals."""
    sizes = list(known) if known is not None else [0] * len(documents)
    asked = []
    for k, (document, result) in enumerate(zip(documents, edited, strict=True)):
        if result.text is None:
            sizes[k] = 0
        elif known is None or result.text.text != document.text:
            asked.append((k, result.text.text))
    for (k, _), n in zip(asked, counts([text for _, text in asked], count_tokens), strict=True):
        sizes[k] = n
    return sizes
