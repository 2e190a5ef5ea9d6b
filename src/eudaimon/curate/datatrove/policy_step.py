"""A policy as a step: masks, tags, cuts or drops, and writes what was removed before it changes a text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import fields
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from datatrove.data import Document as TroveDocument
from datatrove.io import get_datafolder
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.writers.disk_base import DiskWriter
from datatrove.utils.batching import batched
from datatrove.utils.typeshelper import StatHints

from eudaimon.core.document import Document
from eudaimon.core.errors import BadRows, UsageError
from eudaimon.curate import arrow
from eudaimon.curate.apply import Applied, Removed, apply
from eudaimon.curate.datatrove.carried import SCORES, collected
from eudaimon.curate.datatrove.scorer_step import scored_id, sidecar
from eudaimon.curate.decide import Decision
from eudaimon.curate.decision_table import decide_table, decisions
from eudaimon.curate.policy import Policy, load_policy
from eudaimon.curate.redecide import cited_scores
from eudaimon.curate.score_table import WHOLE

if TYPE_CHECKING:
    import pyarrow

APPLIED, REMOVED, NO_LOSS, WEIGHT = "eudaimon", "eudaimon_removed", "no_loss_ranges", "weight"
"""Keys of the metadata; the third is where datatrove's tokenizer looks for spans without loss."""


class EudaimonPolicy(PipelineStep):  # type: ignore[misc]
    """Decides by a policy (a name, a file or a `Policy`) and applies the decision.

    Each removed piece goes to ``exclusion_writer`` as a document of its own, with what it was removed by and
    for under ``eudaimon_removed`` and the rule as ``filter_reason``; so does a document that is dropped, or
    that could not be scored. What is kept is passed on: masked spans, and tags, under ``no_loss_ranges``, a
    weight over 1 under ``weight``, and under ``eudaimon`` what `eudaimon.curate.datatrove.restored` needs.

    Scores are those that an `EudaimonScorer` left in the metadata, or those that one wrote into the folder
    ``scores`` from the same documents with as many tasks. Raises `UsageError` for a policy that wants
    rewrites, which no step can write, for scores of other documents, and for a text with ``no_loss_ranges``
    already that would have to be changed.
    """

    type = "POLICY"
    name = "eudaimon"

    def __init__(
        self,
        policy: str | Path | Policy,
        exclusion_writer: DiskWriter,
        scores: Any = None,
        *,
        batch_size: int = 256,
    ) -> None:
        super().__init__()
        self.policy = policy if isinstance(policy, Policy) else load_policy(policy)
        if rewriting := [rule.name for rule in self.policy.segments if rule.do == "rewrite"]:
            raise UsageError(
                f"policy {self.policy.name} wants rewrites (rule {rewriting[0]!r}), and a step cannot write",
                right="a policy that keeps, tags, masks, cuts or drops",
            )
        self.exclusion_writer = exclusion_writer
        self.scores = None if scores is None else get_datafolder(scores)
        self.batch_size = batch_size

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Any]:
        """The documents that are kept, as the policy wants them."""
        with self.exclusion_writer as writer:
            for batch, table in self._scored(iter(data or ()), rank):
                with self.track_time("batch"):
                    done = self._decided(batch, table)
                for document, decision in done:
                    self.stat_update(StatHints.total)
                    if self._applied(document, decision, writer, rank):
                        self.stat_update(StatHints.forwarded)
                        self.update_doc_stats(document)
                        yield document
                    else:
                        self.stat_update(StatHints.dropped, f"{StatHints.dropped}_{decision.outcome}")

    def _scored(self, data: Iterator[Any], rank: int) -> Iterator[tuple[Sequence[Any], pyarrow.Table]]:
        if self.scores is None:
            for batch in batched(data, self.batch_size):
                yield batch, collected([scored_id(d) for d in batch], [d.metadata for d in batch])
            return
        import pyarrow
        import pyarrow.parquet

        where = f"{self.scores.path}/{sidecar(rank)}"
        with ExitStack() as stack:
            try:
                stream = stack.enter_context(self.scores.open(sidecar(rank), "rb"))
                file = stack.enter_context(pyarrow.parquet.ParquetFile(stream))
            except (OSError, pyarrow.ArrowInvalid) as error:
                raise BadRows(
                    f"{where}: {str(error).splitlines()[0]}",
                    right="the whole scores that an EudaimonScorer with as many tasks wrote",
                ) from error
            for group in range(file.num_row_groups):
                table = file.read_row_group(group)
                heads = arrow.truths(arrow.to_numpy(table["segment"]) == WHOLE)
                wanted = table["document"].filter(heads).to_pylist()
                batch = list(islice(data, len(wanted)))
                if [scored_id(document) for document in batch] != wanted:
                    raise _other_documents(where)
                yield batch, table
            if next(data, None) is not None:
                raise _other_documents(where)

    def _decided(self, batch: Sequence[Any], table: pyarrow.Table) -> list[tuple[Any, Decision]]:
        decided = decide_table(self.policy, table)
        acted = np.flatnonzero(arrow.to_numpy(decided["spans"].is_valid()))
        made = decisions(self.policy, decided, cited_scores(Path("the scores"), table, decided, acted))
        return list(zip(batch, made, strict=True))

    def _applied(self, document: Any, decision: Decision, writer: DiskWriter, rank: int) -> bool:
        """Whether the document stays; it then is as the policy wants it, and what is gone is written."""
        original = Document(scored_id(document), document.text, document.metadata)
        applied = apply(original, decision)
        for piece in applied.removed:
            self.stat_update(f"removed_{piece.kind}")
            writer.write(_excluded(document, piece, applied), rank)
        if applied.outcome != "keep":
            return False
        if applied.masks:
            self.stat_update("masked")
        self._change(document, applied)
        return True

    def _change(self, document: Any, applied: Applied) -> None:
        already = [tuple(span) for span in document.metadata.get(NO_LOSS) or ()]
        if already and applied.text != document.text:
            raise UsageError(
                f"document {document.id} has {NO_LOSS} of its own, and its text would be changed",
                right="this step before the one that adds them",
            )
        if masks := sorted({*already, *applied.masks}):
            document.metadata[NO_LOSS] = [list(span) for span in masks]
        if applied.weight > 1:
            document.metadata[WEIGHT] = applied.weight
        if applied.text != document.text:
            document.text = applied.text
            # They are spans of the original.
            document.metadata.pop(SCORES, None)
        document.metadata[APPLIED] = _identity(applied) | {
            "reason": applied.reason,
            "inserted": [[piece.start, piece.end, piece.kind] for piece in applied.inserted],
        }


def _excluded(document: Any, piece: Removed, applied: Applied) -> TroveDocument:
    """A removed piece as a document with the metadata of the one that it is from."""
    rest = {name: value for name, value in document.metadata.items() if name != SCORES}
    scores = [
        {
            field.name: _json(value)
            for field in fields(each)
            if (value := getattr(each, field.name)) is not None
        }
        for each in piece.scores
    ]
    about = _identity(applied) | {
        "start": piece.start,
        "end": piece.end,
        "kind": piece.kind,
        "rule": piece.rule,
        "why": piece.why,
        "scores": scores,
    }
    return TroveDocument(
        piece.text, document.id, metadata=rest | {"filter_reason": piece.rule or piece.kind, REMOVED: about}
    )


def _identity(applied: Applied) -> dict[str, Any]:
    return {
        "policy": applied.policy,
        "policy_hash": applied.policy_hash,
        "model": applied.model,
        "text_hash": applied.text_hash,
    }


def _json(value: Any) -> Any:
    return dict(value) if hasattr(value, "items") else value


def _other_documents(where: str) -> UsageError:
    return UsageError(
        f"{where} holds the scores of other documents",
        right="the same documents in the same order, with as many tasks as when they were scored",
        do="score them again",
    )
