"""An arm of the town's corpus as tokens to train on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eudaimon.core.errors import UsageError
from eudaimon.core.files import write_json
from eudaimon.study.step import Cost, Step
from eudaimon.study.steps.curated import CuratedLabels, curated_labels
from eudaimon.world.world import World

if TYPE_CHECKING:
    from eudaimon.train.labels import Labels

TOKENS = "tokens"
BOOKS = "arm.json"
FILTER_DOCUMENTS = 4000
"""How many documents a learned filter is fitted and measured on; none of them is trained on."""
FILTER_START = 10_000_000
"""The number of the first of them, far behind the end of any corpus."""
TOKENS_PER_SECOND = 60_000


class ArmTokens(Step):
    """The token set of one arm: ``n_tokens`` input tokens of a world's documents, edited as the arm says.

    ``labels`` is ``oracle``, ``filter:RECALL`` or ``learned``: those of ``curated``, and of no other name.
    ``arm_seed`` decides what is drawn at random. To refill what an arm removes at most ``most_reserve`` times
    as many documents are read; others make up for a source that would need more.
    """

    world: World
    arm: str
    n_tokens: int
    labels: str = "oracle"
    arm_seed: int = 0
    curated: CuratedLabels | None = None
    most_reserve: int = 20

    def run(self, out: Path, inputs: Mapping[str, Path]) -> None:
        """Write the token set and the arm's books."""
        from eudaimon.train.apply_arm import apply_arm
        from eudaimon.train.tokens.write import write_tokens
        from eudaimon.world.tokenizer import tokenizer

        town = tokenizer(self.world)
        backend = town.backend_tokenizer

        def count(texts: Sequence[str]) -> list[int]:
            # Without offsets, which cost more than the ids.
            return [len(code) for code in backend.encode_batch_fast(list(texts), add_special_tokens=False)]

        result = apply_arm(
            self.arm,
            self.world.documents(),
            n_tokens=self.n_tokens,
            count_tokens=count,
            seed=self.arm_seed,
            labels=self._labels(inputs),
            most_reserve=self.most_reserve,
        )
        write_tokens(result.texts, town, out / TOKENS)
        write_json(out / BOOKS, _books(result))

    def _labels(self, inputs: Mapping[str, Path]) -> Labels:
        if self.curated is None:
            return labels_named(self.labels, self.world, self.arm_seed)
        return curated_labels(inputs["curated"], self.curated)

    def cost(self) -> Cost:
        """About a minute for four million tokens."""
        return Cost(
            seconds=2 + self.n_tokens / TOKENS_PER_SECOND, n_tokens=self.n_tokens, disk_mb=self.n_tokens / 3e5
        )


def labels_named(name: str, world: World, seed: int) -> Labels:
    """The labels of a name: ``oracle``, or ``filter:0.8`` for a learned filter of that recall.

    Raises `UsageError` on any other name.
    """
    from eudaimon.train.labels import oracle
    from eudaimon.train.learned_filter import filtered

    if name == "oracle":
        return oracle()
    kind, _, recall = name.partition(":")
    if kind != "filter" or not recall:
        raise UsageError(
            f"there are no labels {name!r}", right="oracle, learned, or filter:RECALL", do="filter:0.8"
        )
    try:
        share = float(recall)
    except ValueError as error:
        raise UsageError(f"{recall!r} is no recall", right="a share in (0, 1]", do="filter:0.8") from error
    return filtered(world.documents(FILTER_DOCUMENTS, start=FILTER_START), recall=share, seed=seed)


def _books(result: Any) -> dict[str, Any]:
    kept = (
        "arm",
        "labels",
        "seed",
        "n_tokens",
        "n_loss_tokens",
        "n_bad_tokens",
        "n_bad_loss_tokens",
        "condition",
    )
    return {name: getattr(result, name) for name in kept} | {
        "n_texts": len(result.texts),
        "n_removed": len(result.removed),
        "n_removed_tokens": sum(text.n_tokens for text in result.removed),
    }
