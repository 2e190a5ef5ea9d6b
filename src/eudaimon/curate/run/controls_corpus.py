"""A filter's controls for a whole corpus: as much taken out at random, and as much put back.

Random removal meets, in every source, the tokens that a policy removed by documents drawn at random, and the
tokens that it masked by voices drawn at random from the documents that are left. Backfill gives back what was
removed with documents of another folder that passed the same policy untouched.
"""

from __future__ import annotations

import os
import shutil
from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int

from eudaimon.core.document import Document
from eudaimon.core.errors import UsageError
from eudaimon.core.files import sha256_file, write_json
from eudaimon.core.identity import short_hash
from eudaimon.core.progress import progress
from eudaimon.curate.controls import backfill, random_removal
from eudaimon.curate.decide import DecidedSpan, Decision
from eudaimon.curate.diff import n_words
from eudaimon.curate.draw import Draw, Unit
from eudaimon.curate.run.applied_rows import kept_columns
from eudaimon.curate.run.apply_corpus import moved, summed
from eudaimon.curate.run.apply_folder import MANIFEST, PLAN, ApplyFolder
from eudaimon.curate.run.apply_shard import Plain, write_shard
from eudaimon.curate.run.decide_corpus import DecisionFolder
from eudaimon.curate.run.folder import SCORES
from eudaimon.curate.run.rows import read_rows
from eudaimon.curate.run.score_shard import documents_of
from eudaimon.curate.score_table import WHOLE, open_scores
from eudaimon.curate.scores import source_of
from eudaimon.curate.sources.shard import Shard
from eudaimon.curate.sources.write import RecordWriter
from eudaimon.curate.voices.turn import MARKUP

CountTokens = Callable[[str], int]
RULE = "random removal"


@dataclass(frozen=True)
class Controls:
    """What was drawn: documents removed, voices masked, and documents added, each by source in tokens.

    ``added`` is None where no reserve was given. ``missing`` in a `Draw` names sources that hold too little.
    """

    removal: Path
    removed: Draw
    masked: Draw
    filled: Path | None = None
    added: Draw | None = None


def controls_corpus(
    applied: str | Path,
    out: str | Path,
    *,
    seed: int,
    reserve: str | Path | None = None,
    count_tokens: CountTokens = n_words,
    show_progress: bool = True,
) -> Controls:
    """Write the controls of a folder that `apply_corpus` wrote: ``out/removal``, and ``out/backfill``.

    ``out/removal`` has the form of the folder, and `restore_corpus` proves it. ``out/backfill`` is the folder
    again (links where the file system has them) with ``kept/backfill.*`` beside its files, drawn from the
    untouched documents of ``reserve``, another folder by the same policy, whose text this corpus does not
    have. Tokens are counted by ``count_tokens``, in two passes over the corpus (see `draw`): memory does not
    grow with it, but for 8 bytes a document where there is a reserve. The same seed draws the same. Raises
    `UsageError` for a folder that is none, or of another policy.
    """
    source = ApplyFolder(applied)
    manifest, plan = source.manifest(), source.plan()
    decided = DecisionFolder(source.folder / plan["decisions"])
    if reserve is not None and ApplyFolder(reserve).manifest()["policy_hash"] != manifest["policy_hash"]:
        raise UsageError(
            f"{reserve} was made by another policy than {applied}",
            right="documents that passed the same policy",
            do=f"eudaimon curate apply ... --policy {manifest['policy']['name']}",
        )
    shards = [moved(shard, plan["moved"]) for shard in decided.scores.plan.shards]
    with progress("drawing", 6 * len(shards), "shards", enabled=show_progress) as advance:
        cut, hidden = _lost(source, manifest, count_tokens, advance)

        def documents() -> Iterator[Unit]:
            for shard in shards:
                yield from (unit for unit, _ in _documents(decided, shard, count_tokens))
                advance()

        removed = random_removal(cut, documents, seed=seed)

        def voices() -> Iterator[Unit]:
            for shard in shards if any(hidden.values()) else ():
                for *_, units in _voices(decided, shard, removed, count_tokens):
                    yield from units
                advance()

        masked = random_removal(hidden, voices, seed=seed)
        target = ApplyFolder(Path(out) / "removal")
        _begin(target, manifest)
        made_of = short_hash([RULE, manifest["policy_hash"], seed, _places(removed), _places(masked)])
        for shard in shards:
            choice = _choice(decided, shard, removed, masked, made_of)
            write_shard(target, shard, made_of, manifest["format"], choice)
            advance()
    _write_removal(target, manifest, shards, seed, removed, masked)
    if reserve is None:
        return Controls(target.folder, removed, masked)
    filled = Path(out).resolve() / "backfill"
    added = _backfill(source, ApplyFolder(reserve), filled, cut, seed, count_tokens)
    return Controls(target.folder, removed, masked, filled, added)


def _lost(
    source: ApplyFolder, manifest: dict[str, Any], count: CountTokens, advance: Callable[[], None]
) -> tuple[dict[str, int], dict[str, int]]:
    """Tokens removed and tokens masked by source."""
    cut: Counter[str] = Counter()
    hidden: Counter[str] = Counter()
    for shard in manifest["shards"]:
        of_record: dict[int, str] = {}
        for row in read_rows(source.kept(shard["id"], manifest["format"])):
            of_record[row["curate"]["record"]] = row["source"]
            inserted = {(p["start"], p["end"]) for p in row["curate"].get("inserted", ())}
            for start, end in row["no_loss"]:
                if (start, end) not in inserted:
                    hidden[row["source"]] += count(row["text"][start:end])
        for row in read_rows(source.removed(shard["id"])):
            of = row["source"] if row.get("whole") else of_record[row["record"]]
            cut[of] += count(row["text"])
        advance()
    return dict(cut), dict(hidden)


def _documents(decided: DecisionFolder, shard: Shard, count: CountTokens) -> Iterator[tuple[Unit, Document]]:
    """Each document of a shard with what a draw knows of it."""
    for place, document in enumerate(documents_of(decided.scores.plan, shard)):
        yield Unit(f"{shard.id}:{place}", source_of(document), count(document.text)), document


def _voices(
    decided: DecisionFolder, shard: Shard, gone: Draw, count: CountTokens
) -> Iterator[tuple[Unit, Document, list[Unit]]]:
    """Each document with what its voices say that are quoted in none; nothing of one that is gone."""
    known = _spans(decided.scores.shard(shard.id) / SCORES)
    for (whole, document), spans in zip(_documents(decided, shard, count), known, strict=True):
        said = [
            Unit(f"{whole.id}:{start}-{end}", whole.stratum, count(document.text[start:end]))
            for start, end in (spans if whole not in gone else ())
        ]
        yield whole, document, said


def _spans(path: Path) -> Iterator[list[tuple[int, int]]]:
    """The spans of each document's voices that are quoted in none: of all columns of scores only five."""
    found: list[tuple[int, int]] | None = None
    with open_scores(path) as file:
        for batch in file.iter_batches(columns=["segment", "start", "end", "parent", "voice"]):
            for segment, start, end, parent, voice in zip(
                *(c.to_pylist() for c in batch.columns), strict=True
            ):
                if segment == WHOLE:
                    if found is not None:
                        yield found
                    found = []
                elif found is not None and parent is None and voice != MARKUP and start < end:
                    found.append((start, end))
    if found is not None:
        yield found


def _choice(
    decided: DecisionFolder, shard: Shard, gone: Draw, hidden: Draw, made_of: str
) -> Iterator[tuple[int, Document, Decision | Plain]]:
    why = "drawn at random, as a control"
    for place, (whole, document, units) in enumerate(_voices(decided, shard, gone, _uncounted)):
        source = whole.stratum
        if whole in gone:
            yield place, document, Decision(document.id, "drop", why, RULE, made_of, rule=RULE, source=source)
        elif spans := sorted(_span(unit) for unit in units if unit in hidden):
            masks = tuple(DecidedSpan(start, end, "mask", RULE, why, ()) for start, end in spans)
            yield (
                place,
                document,
                Decision(document.id, "keep", why, RULE, made_of, spans=masks, source=source),
            )
        else:
            yield place, document, (1, source, "")


def _uncounted(_text: str) -> int:
    """Whether a unit was drawn is told by its id."""
    return 0


def _span(voice: Unit) -> tuple[int, int]:
    start, end = voice.id.rsplit(":", 1)[1].split("-")
    return int(start), int(end)


def _places(drawn: Draw) -> dict[str, str]:
    return {stratum: last.hex() for stratum, last in sorted(drawn.last.items())}


def _write_removal(
    target: ApplyFolder,
    manifest: dict[str, Any],
    shards: list[Shard],
    seed: int,
    removed: Draw,
    masked: Draw,
) -> None:
    record = {
        "kind": "removal",
        "control_of": manifest["policy_hash"],
        "policy": {"name": RULE},
        "policy_hash": short_hash([RULE, seed]),
        "seed": seed,
        "format": manifest["format"],
        "removed_tokens": removed.told(),
        "masked_tokens": masked.told(),
        **summed(target, [shard.id for shard in shards]),
    }
    write_json(target.folder / MANIFEST, record)


def _backfill(
    source: ApplyFolder,
    reserve: ApplyFolder,
    out: Path,
    lost: dict[str, int],
    seed: int,
    count: CountTokens,
) -> Draw:
    manifest, theirs = source.manifest(), reserve.manifest()
    known = _known_texts(source, manifest)

    def rows() -> Iterator[tuple[Unit, dict[str, Any]]]:
        for shard in theirs["shards"]:
            for row in read_rows(reserve.kept(shard["id"], theirs["format"])):
                if _untouched(row) and not _among(known, row["curate"]["text_hash"]):
                    name = f"{shard['id']}:{row['curate']['record']}"
                    yield Unit(name, row["source"], count(row["text"])), row

    drawn = backfill(lost, lambda: (unit for unit, _ in rows()), seed=seed)
    target = ApplyFolder(out)
    _begin(target, manifest)
    for part in ("kept", "removed", "done"):
        for path in sorted((source.folder / part).iterdir()):
            _link(path, target.folder / part / path.name)
    writer = RecordWriter(target.folder / "kept", manifest["format"])
    with writer.open("backfill", kept_columns()) as write:
        for unit, row in rows():
            if unit in drawn:
                write(row)
    added = {"file": f"kept/{writer.path('backfill').name}", "documents": drawn.n, "seed": seed}
    added |= {"sha256": sha256_file(writer.path("backfill")), "tokens": drawn.told()}
    write_json(target.folder / MANIFEST, {**manifest, "kind": "backfill", "added": added})
    return drawn


def _known_texts(source: ApplyFolder, manifest: dict[str, Any]) -> Int[np.ndarray, "n"]:
    """The hashes of all original texts, sorted: 8 bytes each."""
    found = array("Q")
    for shard in manifest["shards"]:
        for row in read_rows(source.kept(shard["id"], manifest["format"])):
            found.append(int(row["curate"]["text_hash"], 16))
        for row in read_rows(source.removed(shard["id"])):
            if row.get("whole"):
                found.append(int(row["text_hash"], 16))
    return np.sort(np.frombuffer(found, dtype=np.uint64))


def _among(known: Int[np.ndarray, "n"], text_hash: str) -> bool:
    value = np.uint64(int(text_hash, 16))
    place = int(np.searchsorted(known, value))
    return place < len(known) and bool(known[place] == value)


def _untouched(row: dict[str, Any]) -> bool:
    same = short_hash(row["text"]) == row["curate"]["text_hash"]
    return same and not row["no_loss"] and row["weight"] == 1


def _begin(target: ApplyFolder, manifest: dict[str, Any]) -> None:
    """Take a folder for a control, with nothing in it that is not to be."""
    target.require_own()
    (target.folder / MANIFEST).unlink(missing_ok=True)
    write_json(target.folder / PLAN, {"control_of": manifest["policy_hash"]})
    target.keep_only([shard["id"] for shard in manifest["shards"]], manifest["format"])


def _link(path: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    to.unlink(missing_ok=True)
    try:
        os.link(path, to)
    except OSError:
        shutil.copyfile(path, to)
