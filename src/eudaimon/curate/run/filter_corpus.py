"""Score, decide and apply in one reading: each shard's text is met once, and everything is still written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eudaimon.core.document import Document
from eudaimon.core.errors import UsageError
from eudaimon.core.files import read_json, write_json
from eudaimon.curate.policy import DEFAULT, Policy, load_policy
from eudaimon.curate.run.apply_corpus import AppliedCorpus, applied_key, apply_corpus
from eudaimon.curate.run.apply_folder import PLAN, ApplyFolder
from eudaimon.curate.run.apply_shard import decided_rows, shard_rows
from eudaimon.curate.run.decide_corpus import Decided, decide_corpus
from eudaimon.curate.run.decide_shard import shard_decisions, write_decided
from eudaimon.curate.run.engines import EngineName
from eudaimon.curate.run.folder import SCORES, ScoreFolder
from eudaimon.curate.run.score_corpus import Scored, score_corpus
from eudaimon.curate.run.work import score_into, told_of
from eudaimon.curate.scorer import Scorer
from eudaimon.curate.sources.read import DEFAULT_FIELDS, DEFAULT_READING
from eudaimon.curate.sources.record import Fields, Reading
from eudaimon.curate.sources.shard import SHARD_BYTES
from eudaimon.curate.sources.source_file import Format
from eudaimon.curate.sources.write import OutputFormat

if TYPE_CHECKING:
    import pyarrow

COMPUTE = "eudaimon.curate.run.filter_corpus:filter_by_key"
SETTINGS = "filter.json"
"""The policy and the form of what is written, for the workers."""


@dataclass(frozen=True)
class Filtered:
    """How the three steps ended. ``decided`` and ``applied`` are None where scoring failed for a shard."""

    folder: Path
    scored: Scored
    decided: Decided | None = None
    applied: AppliedCorpus | None = None

    @property
    def failed(self) -> Mapping[str, str]:
        """The shards that failed, and why."""
        return self.scored.failed or (self.applied.failed if self.applied else {})


def filter_corpus(
    paths: str | Path | Iterable[str | Path],
    out: str | Path,
    scorer: str | Path | Scorer,
    policy: str | Path | Policy = DEFAULT,
    *,
    fields: Fields = DEFAULT_FIELDS,
    reading: Reading = DEFAULT_READING,
    format: Format | None = None,
    output: OutputFormat = "jsonl.zst",
    workers: int | None = None,
    engine: EngineName = "local",
    slurm: Mapping[str, Any] | None = None,
    shard_bytes: int = SHARD_BYTES,
    show_progress: bool = True,
) -> Filtered:
    """`score_corpus`, `decide_corpus`, `apply_corpus` into ``scores``, ``decisions``, ``applied`` of ``out``.

    A worker that has scored a shard decides and applies while it still has the text, so that a corpus is read
    and unpacked once; the files are those of the three calls. What is there already is left: another policy
    scores nothing anew. Options are those of `score_corpus`; ``output`` is `apply_corpus`'s ``format``.
    Raises `UsageError` as these do, and for a policy that wants words rewritten, which nobody has written
    before the spans are known.
    """
    given = policy if isinstance(policy, Policy) else load_policy(policy)
    if any(rule.do == "rewrite" for rule in given.segments):
        raise UsageError(
            f"policy {given.name} wants spans rewritten, which are not known before they are decided",
            right="a policy that keeps, masks, tags or removes",
            do="eudaimon curate score, decide, and apply --rewrites FILE.jsonl",
        )
    folder = Path(out).resolve()
    settings = {"policy": given.model_dump(mode="json"), "format": output}
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / SETTINGS).is_file() or read_json(folder / SETTINGS) != settings:
        write_json(folder / SETTINGS, settings)
    if not (folder / "applied" / PLAN).is_file():
        write_json(folder / "applied" / PLAN, {"keys": {}})
    scored = score_corpus(
        paths,
        folder / "scores",
        scorer,
        fields=fields,
        reading=reading,
        format=format,
        workers=workers,
        engine=engine,
        slurm=slurm,
        shard_bytes=shard_bytes,
        show_progress=show_progress,
        compute=COMPUTE,
    )
    if scored.failed:
        return Filtered(folder, scored)
    # What the workers have done is found and checked; what is missing is made up for.
    decided = decide_corpus(folder / "scores", given, folder / "decisions", show_progress=show_progress)
    applied = apply_corpus(
        folder / "decisions",
        folder / "applied",
        format=output,
        workers=workers,
        engine=engine,
        slurm=slurm,
        show_progress=show_progress,
    )
    return Filtered(folder, scored, decided, applied)


def filter_by_key(folder: str | Path, key: str) -> str:
    """Score, decide and apply the shard of ``key`` in a folder of scores; what went wrong, or nothing."""
    return told_of(folder, key, filter_shard)


def filter_shard(scores: ScoreFolder, key: str, scorer: Scorer) -> None:
    """Score a shard, and decide and apply each row group of its scores while its documents are at hand."""
    home = scores.folder.parent
    settings = read_json(home / SETTINGS)
    policy = Policy.model_validate(settings["policy"])
    decisions, applied = home / "decisions", ApplyFolder(home / "applied")
    path = scores.shard(key) / SCORES
    with suppress(_ScoredElsewhere), ExitStack() as stack:
        decided = stack.enter_context(shard_decisions(decisions, key, policy))
        rows = stack.enter_context(shard_rows(applied, scores.plan.shard(key), settings["format"]))
        place = 0

        def group(documents: list[Document], table: pyarrow.Table) -> None:
            nonlocal place
            made = decided_rows(policy, decided.add(table, path), table, path)
            for document, (_, decision) in zip(documents, made, strict=True):
                rows.add(place, document, decision, same=True)
                place += 1

        if not score_into(scores, key, scorer, group):
            raise _ScoredElsewhere
        digest = (scores.record(key) or {})["files"][SCORES]["sha256"]
        stack.close()
        record = write_decided(decisions, key, decided, digest)
        rows.write_record(applied_key(record["sha256"], settings["format"]))


class _ScoredElsewhere(Exception):
    """Another process has scored the shard meanwhile: what was begun here is given up."""
