"""What an arm is: which documents it gives up, what it makes of the others, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from eudaimon.core.document import Document
from eudaimon.train.labels import Labels
from eudaimon.train.spans import Spans
from eudaimon.train.text import TrainText

CountTokens: TypeAlias = Callable[[Sequence[str]], Sequence[int]]
"""The number of tokens of each text, as the tokenizer of the model to be trained counts them."""


@dataclass(frozen=True, slots=True)
class Edited:
    """A document as an arm trains on it; ``cut`` are the spans of the original that are no longer in it.

    ``text`` is None where nothing is left, and ``reason`` then says why.
    """

    text: TrainText | None
    cut: Spans = ()
    reason: str = ""


Edit: TypeAlias = Callable[[Document], Edited]
"""What an arm makes of a document; depends on the document and the seed only, not on its place."""


@dataclass(frozen=True, slots=True)
class Base:
    """The documents that every arm starts from, with their sizes in tokens, and what an arm may draw on."""

    documents: tuple[Document, ...]
    sizes: tuple[int, ...]
    sources: tuple[str, ...]
    labels: Labels
    seed: int
    count_tokens: CountTokens


@dataclass(frozen=True, slots=True)
class Plan:
    """How an arm treats the base and what comes after it.

    ``edit`` makes the arm's text of a document. ``gives_way`` are positions in the base whose documents are
    replaced, each with the reason; ``admits`` says which further documents may replace them. A tokenizer must
    have the ``control_tokens``; ``condition`` is put before what the model is to say at inference.
    """

    edit: Edit
    gives_way: Mapping[int, str] = field(default_factory=dict)
    admits: Callable[[Document], bool] = lambda document: True
    control_tokens: tuple[str, ...] = ()
    condition: str = ""


Need: TypeAlias = Literal["bad", "good"]


@dataclass(frozen=True, slots=True)
class Arm:
    """One way to treat a labelled corpus before a model is trained on it.

    ``needs`` says which labels it cannot do without: where a bad voice speaks, where a good persona does.
    ``mask_from`` is the share of the training steps after which spans without loss are honoured, in [0, 1]:
    0 from the first step. ``prepare`` takes the base, and the arm's options as keywords.
    """

    name: str
    prepare: Callable[..., Plan]
    needs: frozenset[Need] = frozenset()
    mask_from: float = 0.0


@dataclass(frozen=True, slots=True)
class Removed:
    """Text of the base that an arm does not train on: a span of a document, and why."""

    id: str
    source: str
    start: int
    end: int
    text: str
    reason: str
    n_tokens: int


@dataclass(frozen=True, slots=True)
class SourceCount:
    """What an arm trains on of one source; ``n_target_tokens`` is what `raw` has of it.

    ``n_removed_tokens`` counts the base only. ``n_refill_documents`` came from the reserve.
    """

    n_documents: int = 0
    n_tokens: int = 0
    n_loss_tokens: int = 0
    n_target_tokens: int = 0
    n_removed_tokens: int = 0
    n_refill_documents: int = 0


@dataclass(frozen=True, slots=True)
class ArmResult:
    """The texts of one arm in the base's order, and its books.

    ``n_tokens`` are input tokens, a text of weight ``w`` counted ``w`` times; ``n_loss_tokens`` those of them
    with loss, over the whole training (so a mask that begins late costs less). ``n_bad_tokens`` are input
    tokens of bad voices, ``n_bad_loss_tokens`` those of them with loss: by the documents' own segments where
    they are known (so that what a learned filter misses is seen), else by the labels, None without either.
    ``removed`` keeps every text of the base that is not trained on. ``condition`` is put before what the
    model is to say at inference.
    """

    arm: str
    texts: tuple[TrainText, ...]
    n_tokens: int
    n_loss_tokens: int
    n_bad_tokens: int | None
    n_bad_loss_tokens: int | None
    removed: tuple[Removed, ...]
    sources: Mapping[str, SourceCount]
    labels: str
    seed: int
    mask_from: float = 0.0
    control_tokens: tuple[str, ...] = ()
    condition: str = ""

    @property
    def late(self) -> bool:
        """Whether the trainer honours the masks only from a share ``mask_from`` > 0 of its steps."""
        return self.mask_from > 0


def source_of(document: Document) -> str:
    """The stratum of a document: its metadata's ``source``, else its ``kind``, else nothing."""
    return str(document.metadata.get("source") or document.metadata.get("kind") or "")


def unchanged(document: Document) -> Edited:
    """The document as it is, every token with loss."""
    return Edited(TrainText(document.id, document.text, source=source_of(document)))
