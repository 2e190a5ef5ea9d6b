"""A scorer as a step: scores every document and passes it on, text unchanged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datatrove.io import get_datafolder
from datatrove.pipeline.base import PipelineStep
from datatrove.utils.batching import batched
from datatrove.utils.typeshelper import StatHints

from eudaimon.core.document import Document
from eudaimon.core.errors import UsageError
from eudaimon.curate.datatrove.carried import SCORES, carried
from eudaimon.curate.score_table import plain, score_schema
from eudaimon.curate.scorer import Scorer, StageCost, open_scorer

if TYPE_CHECKING:
    import pyarrow


class EudaimonScorer(PipelineStep):  # type: ignore[misc]
    """Scores the voices of documents by a scorer, or the name of one for `eudaimon.curate.open_scorer`.

    Scores go into the metadata under ``eudaimon_scores``, into ``<rank>.parquet`` in ``output_folder`` (any
    folder of datatrove's) as `eudaimon.curate.read_scores` reads it, or both. A name is opened once in every
    worker, and pickled as a name. A document that cannot be scored is passed on with its error. Raises
    `UsageError` where scores would go nowhere.
    """

    type = "SCORER"
    name = "eudaimon"

    def __init__(
        self,
        scorer: str | Path | Scorer = "shipped",
        output_folder: Any = None,
        *,
        metadata: bool = True,
        batch_size: int = 256,
    ) -> None:
        super().__init__()
        if output_folder is None and not metadata:
            raise UsageError(
                "the scores would be thrown away", right="metadata=True, or an output_folder, or both"
            )
        self.scorer = str(scorer) if isinstance(scorer, Path) else scorer
        self.output_folder = None if output_folder is None else get_datafolder(output_folder)
        self.metadata, self.batch_size = metadata, batch_size

    @property
    def opened(self) -> Scorer:
        """The scorer; one that was named is the same for all steps of this process."""
        return _opened(self.scorer) if isinstance(self.scorer, str) else self.scorer

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Any]:
        """The documents, scored."""
        scorer = self.opened
        before = {cost.stage: cost for cost in scorer.costs()}
        with ExitStack() as stack:
            writer = self._writer(stack, rank)
            for batch in batched(data or (), self.batch_size):
                with self.track_time("batch"):
                    table = scorer.score([Document(d.id, d.text, d.metadata) for d in batch])
                    if writer is not None:
                        writer.write_table(table)
                    if self.metadata:
                        for document, scores in zip(batch, carried(table), strict=True):
                            document.metadata[SCORES] = scores
                self.stat_update(StatHints.total, value=len(batch))
                self.stat_update("segments", value=table.num_rows - len(batch))
                for document in batch:
                    self.update_doc_stats(document)
                yield from batch
        for cost in scorer.costs():
            self._count(cost, before.get(cost.stage, StageCost(cost.stage)))

    def _writer(self, stack: ExitStack, rank: int) -> pyarrow.parquet.ParquetWriter | None:
        """A file that is no Parquet until it is closed: what a killed task leaves is not read as whole."""
        if self.output_folder is None:
            return None
        import pyarrow.parquet

        stream = stack.enter_context(self.output_folder.open(sidecar(rank), "wb"))
        return stack.enter_context(pyarrow.parquet.ParquetWriter(stream, score_schema(), compression="zstd"))

    def _count(self, cost: StageCost, before: StageCost) -> None:
        """The stage's work as datatrove's statistics."""
        self.stat_update(f"{cost.stage}_segments", value=cost.segments - before.segments)
        self.stat_update(f"{cost.stage}_changed", value=cost.changed - before.changed)
        seconds = cost.cpu_seconds - before.cpu_seconds
        self.stat_update(f"{cost.stage}_cpu_seconds", value=seconds, unit="task")


def sidecar(rank: int) -> str:
    """The name of the file of scores that the task of this rank writes."""
    return f"{rank:05d}.parquet"


def scored_id(document: Any) -> str:
    """The id as a score table has it: a lone surrogate, which Parquet cannot hold, is spelt out."""
    return str(plain(document.id))


@lru_cache(maxsize=4)
def _opened(name: str) -> Scorer:
    return open_scorer(name)
