"""A card from a folder of scores, a policy, and whatever else there is: audit, controls, texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eudaimon.core.document import Document
from eudaimon.core.errors import BadRows, UsageError
from eudaimon.core.files import read_json
from eudaimon.curate.audit.records import AuditRecord
from eudaimon.curate.card.cost import CHARACTERS_PER_TOKEN, LARGE, costs_of, projected
from eudaimon.curate.card.record import CardRecord, ControlRow, FileRow
from eudaimon.curate.card.tally import MOST_REASONS, tally
from eudaimon.curate.card.words import policy_words
from eudaimon.curate.decided import score_files
from eudaimon.curate.policy import Policy
from eudaimon.curate.run.folder import MANIFEST, RUN


@dataclass(frozen=True)
class CardOptions:
    """What a card says beyond what the scores say: its title, the run, and what tokens are taken to be.

    ``machine`` is what scored, where the folder of scores does not say it.
    """

    title: str = ""
    command: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    machine: str = ""
    characters_per_token: float = CHARACTERS_PER_TOKEN
    n_tokens: float = LARGE
    seed: int = 0

    def __post_init__(self) -> None:
        if self.characters_per_token <= 0 or self.n_tokens <= 0:
            raise UsageError(
                f"{self.characters_per_token:g} characters a token and {self.n_tokens:g} tokens",
                right="numbers above 0",
            )


def collect_card(
    scores: str | Path,
    policy: Policy,
    *,
    documents: Iterable[Document] | None = None,
    audit: AuditRecord | None = None,
    controls: Sequence[ControlRow] = (),
    options: CardOptions | None = None,
) -> CardRecord:
    """The card of the corpus whose scores are in a folder, or in one Parquet file, under a policy.

    ``documents`` are those that were scored; without them examples have no text. Raises `UsageError` when the
    audit is of another policy, or a document is not the text that was scored, and `BadRows` on scores or
    costs that cannot be read.
    """
    chosen = options or CardOptions()
    if audit is not None and audit.plan.policy_hash != policy.hash:
        raise UsageError(
            f"the audit is of policy {audit.plan.policy} {audit.plan.policy_hash}",
            right=f"an audit of policy {policy.name} {policy.hash}",
            do="eudaimon curate audit",
        )
    files = score_files(scores)
    counts = tally(files, policy, seed=chosen.seed)
    sources = counts.source_rows()
    n_characters = sum(row.before for row in sources)
    stages, other = costs_of(files)
    manifest, run = (_json(Path(scores) / name) for name in (MANIFEST, RUN))
    machine = str(run.get("machine") or chosen.machine)
    return CardRecord(
        title=chosen.title or f"{policy.name} on {Path(scores).name}",
        policy=policy_words(policy),
        models=tuple(sorted(counts.models - {""})),
        scorer=str(manifest.get("scorer", "")),
        sources=sources,
        removed=counts.removed_rows(),
        histogram=counts.histogram(),
        examples=counts.shown.examples(documents),
        stages=stages,
        other_cpu_seconds=other,
        projection=projected(
            stages,
            other,
            n_characters,
            n_tokens=chosen.n_tokens,
            characters_per_token=chosen.characters_per_token,
            machine=machine,
        ),
        audit=audit,
        controls=tuple(controls),
        quarantine={str(kind): int(n) for kind, n in manifest.get("quarantine", {}).items()},
        errors=dict(counts.errors.most_common(MOST_REASONS)),
        files=tuple(
            FileRow(name=row["name"], n_bytes=row["size"], fingerprint=str(row["fingerprint"]))
            for row in manifest.get("files", ())
        ),
        characters_per_token=chosen.characters_per_token,
        command=chosen.command,
        versions=dict(chosen.versions),
        machine=machine,
        notes=_notes(manifest, stages=bool(stages), texts=documents is not None),
    )


def read_controls(folder: str | Path) -> tuple[ControlRow, ...]:
    """The controls in a folder that `eudaimon curate controls` wrote: what was wanted and drawn, by source.

    Raises `UsageError` where there are none, and `BadRows` where a manifest is broken.
    """
    rows: list[ControlRow] = []
    for name in ("removal", "backfill"):
        path = Path(folder) / name / MANIFEST
        try:
            value = _json(path)
            if name == "removal" and value:
                rows += _drawn("random removal", value["removed_tokens"], value["seed"])
                rows += _drawn("random masking", value["masked_tokens"], value["seed"])
            elif value:
                rows += _drawn("backfill", value["added"]["tokens"], value["added"]["seed"])
        except (ValueError, KeyError, TypeError) as error:
            what = "what `eudaimon curate controls` wrote"
            raise BadRows(f"{path}: {error!r}", right=what) from error
    if not rows:
        raise UsageError(
            f"{folder} holds no controls", right="a folder that `eudaimon curate controls` wrote"
        )
    return tuple(rows)


def _drawn(kind: str, tokens: Mapping[str, Mapping[str, int]], seed: int) -> list[ControlRow]:
    drawn, missing = tokens["drawn"], tokens["missing"]
    return [
        ControlRow(
            kind=kind,
            stratum=source,
            wanted=n,
            drawn=drawn[source],
            missing=missing.get(source, 0),
            seed=seed,
        )
        for source, n in sorted(tokens["wanted"].items())
    ]


def _json(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = read_json(path) if path.is_file() else {}
    return found


def _notes(manifest: Mapping[str, Any], *, stages: bool, texts: bool) -> tuple[str, ...]:
    notes = []
    repeated = manifest.get("repeated_ids", {}).get("ids", 0)
    if repeated:
        notes.append(f"{repeated} ids name more than one document.")
    if not stages:
        notes.append("What scoring cost is not on record for every shard, so nothing is projected.")
    if not texts:
        notes.append("The corpus was not at hand, so examples are shown without their text.")
    notes.append(
        "Characters are counted by what is decided. Applying a decision also takes the white space around "
        "what is cut out, and adds tags, rewrites and reflections."
    )
    return tuple(notes)
