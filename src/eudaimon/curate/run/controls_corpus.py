"""A filter's controls for a whole corpus: as much taken out at random, and as much put back.

Random removal meets, in every source, the tokens that a policy removed by documents drawn at random, and the
tokens that it masked by voices drawn at random from the documents that are left. Backfill gives back what was
removed with documents of another folder that passed the same policy untouched.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eudaimon.core.document import Document
from eudaimon.core.errors import UsageError
from eudaimon.core.files import sha256_file, write_json
from eudaimon.core.identity import short_hash
from eudaimon.core.progress import progress
from eudaimon.curate.controls import Drawn, Unit, backfill, random_removal
from eudaimon.curate.decide import DecidedSpan, Decision
from eudaimon.curate.diff import n_words
from eudaimon.curate.run.applied_rows import kept_columns
from eudaimon.curate.run.apply_corpus import moved, summed
from eudaimon.curate.run.apply_folder import MANIFEST, ApplyFolder
from eudaimon.curate.run.apply_shard import Plain, write_shard
from eudaimon.curate.run.decide_corpus import DecisionFolder
from eudaimon.curate.run.folder import SCORES
from eudaimon.curate.run.rows import read_rows
from eudaimon.curate.run.score_shard import documents_of
from eudaimon.curate.score_table import read_scores
from eudaimon.curate.scores import source_of
from eudaimon.curate.sources.shard import Shard
from eudaimon.curate.sources.write import RecordWriter
from eudaimon.curate.voices.turn import MARKUP

CountTokens = Callable[[str], int]
RULE = "random removal"


@dataclass(frozen=True)
class Controls:
    """What was drawn: documents removed, voices masked, and documents added, each by source in tokens.

    ``added`` is None where no reserve was given. ``missing`` in a `Drawn` names sources that hold too little.
    """

    removal: Path
    removed: Drawn
    masked: Drawn
    filled: Path | None = None
    added: Drawn | None = None


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
    have. Tokens are counted by ``count_tokens``. Memory holds an id and a size of every document and voice,
    and no text. The same seed draws the same. Raises `UsageError` for a folder that is none, or of another
    policy.
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
    with progress("drawing", 3 * len(shards), "shards", enabled=show_progress) as advance:
        cut, hidden, hashes = _lost(source, manifest, count_tokens, advance)
        units = []
        for shard in shards:
            units += list(_documents(decided, shard, count_tokens))
            advance()
        removed = random_removal(cut, units, seed=seed)
        gone = set(removed.ids)
        voices = [
            voice
            for shard in shards
            if any(hidden.values())
            for voice in _voices(decided, shard, gone, count_tokens)
        ]
        masked = random_removal(hidden, voices, seed=seed) if voices else _nothing(hidden, seed)
        target = ApplyFolder(Path(out) / "removal")
        made_of = short_hash([RULE, manifest["policy_hash"], seed, removed.ids, masked.ids])
        documents, spans = _by_shard(removed.ids), _by_shard(masked.ids)
        for shard in shards:
            choice = _choice(decided, shard, documents.get(shard.id, {}), spans.get(shard.id, {}), made_of)
            write_shard(target, shard, made_of, manifest["format"], choice)
            advance()
    _write_removal(target, manifest, shards, seed, removed, masked)
    if reserve is None:
        return Controls(target.folder, removed, masked)
    filled = Path(out).resolve() / "backfill"
    added = _backfill(source, ApplyFolder(reserve), filled, cut, hashes, seed, count_tokens)
    return Controls(target.folder, removed, masked, filled, added)


def _lost(
    source: ApplyFolder, manifest: dict[str, Any], count: CountTokens, advance: Callable[[], None]
) -> tuple[dict[str, int], dict[str, int], set[str]]:
    """Tokens removed and tokens masked by source, and the hashes of all original texts."""
    cut: Counter[str] = Counter()
    hidden: Counter[str] = Counter()
    hashes: set[str] = set()
    for shard in manifest["shards"]:
        of_record: dict[int, str] = {}
        for row in read_rows(source.kept(shard["id"], manifest["format"])):
            of_record[row["curate"]["record"]] = row["source"]
            hashes.add(row["curate"]["text_hash"])
            inserted = {(p["start"], p["end"]) for p in row["curate"].get("inserted", ())}
            for start, end in row["no_loss"]:
                if (start, end) not in inserted:
                    hidden[row["source"]] += count(row["text"][start:end])
        for row in read_rows(source.removed(shard["id"])):
            of = row["source"] if row.get("whole") else of_record[row["record"]]
            cut[of] += count(row["text"])
            if row.get("whole"):
                hashes.add(row["text_hash"])
        advance()
    return dict(cut), dict(hidden), hashes


def _documents(decided: DecisionFolder, shard: Shard, count: CountTokens) -> Iterator[Unit]:
    for place, document in enumerate(documents_of(decided.scores.plan, shard)):
        yield Unit(f"{shard.id}:{place}", source_of(document), count(document.text))


def _voices(decided: DecisionFolder, shard: Shard, gone: set[str], count: CountTokens) -> Iterator[Unit]:
    """What voices say that are quoted in none, in the documents that are left."""
    known = read_scores(decided.scores.shard(shard.id) / SCORES)
    documents = documents_of(decided.scores.plan, shard)
    for place, (document, scores) in enumerate(zip(documents, known, strict=True)):
        if f"{shard.id}:{place}" in gone:
            continue
        for s in scores.segments:
            if s.parent is None and s.voice != MARKUP and s.start < s.end:
                size = count(document.text[s.start : s.end])
                yield Unit(f"{shard.id}:{place}:{s.start}-{s.end}", source_of(document), size)


def _nothing(wanted: dict[str, int], seed: int) -> Drawn:
    none = dict.fromkeys(wanted, 0)
    return Drawn((), dict(wanted), none, {s: n for s, n in wanted.items() if n}, seed)


def _by_shard(ids: tuple[str, ...]) -> dict[str, dict[int, list[tuple[int, int]]]]:
    """Drawn units by shard and place, with their spans; a whole document has none."""
    found: dict[str, dict[int, list[tuple[int, int]]]] = {}
    for name in ids:
        shard, place, *rest = name.split(":")
        spans = found.setdefault(shard, {}).setdefault(int(place), [])
        spans += [(int(start), int(end)) for start, end in (each.split("-") for each in rest)]
    return found


def _choice(
    decided: DecisionFolder,
    shard: Shard,
    gone: dict[int, list[tuple[int, int]]],
    hidden: dict[int, list[tuple[int, int]]],
    made_of: str,
) -> Iterator[tuple[int, Document, Decision | Plain]]:
    why = "drawn at random, as a control"
    for place, document in enumerate(documents_of(decided.scores.plan, shard)):
        source = source_of(document)
        if place in gone:
            yield place, document, Decision(document.id, "drop", why, RULE, made_of, rule=RULE, source=source)
        elif place in hidden:
            spans = tuple(
                DecidedSpan(start, end, "mask", RULE, why, ()) for start, end in sorted(hidden[place])
            )
            yield (
                place,
                document,
                Decision(document.id, "keep", why, RULE, made_of, spans=spans, source=source),
            )
        else:
            yield place, document, (1, source, "")


def _write_removal(
    target: ApplyFolder,
    manifest: dict[str, Any],
    shards: list[Shard],
    seed: int,
    removed: Drawn,
    masked: Drawn,
) -> None:
    record = {
        "kind": "removal",
        "control_of": manifest["policy_hash"],
        "policy": {"name": RULE},
        "policy_hash": short_hash([RULE, seed]),
        "seed": seed,
        "format": manifest["format"],
        "removed_tokens": _told(removed),
        "masked_tokens": _told(masked),
        **summed(target, [shard.id for shard in shards]),
    }
    write_json(target.folder / MANIFEST, record)


def _told(drawn: Drawn) -> dict[str, Any]:
    return {"wanted": dict(drawn.wanted), "drawn": dict(drawn.drawn), "missing": dict(drawn.missing)}


def _backfill(
    source: ApplyFolder,
    reserve: ApplyFolder,
    out: Path,
    lost: dict[str, int],
    hashes: set[str],
    seed: int,
    count: CountTokens,
) -> Drawn:
    manifest, theirs = source.manifest(), reserve.manifest()
    units = [
        Unit(f"{shard['id']}:{row['curate']['record']}", row["source"], count(row["text"]))
        for shard in theirs["shards"]
        for row in read_rows(reserve.kept(shard["id"], theirs["format"]))
        if _untouched(row) and row["curate"]["text_hash"] not in hashes
    ]
    drawn = backfill(lost, units, seed=seed)
    target = ApplyFolder(out)
    for part in ("kept", "removed", "done"):
        for path in sorted((source.folder / part).iterdir()):
            _link(path, target.folder / part / path.name)
    chosen = _by_shard(drawn.ids)
    writer = RecordWriter(target.folder / "kept", manifest["format"])
    with writer.open("backfill", kept_columns()) as write:
        for shard in theirs["shards"]:
            places = chosen.get(shard["id"], {})
            for row in read_rows(reserve.kept(shard["id"], theirs["format"])) if places else ():
                if row["curate"]["record"] in places:
                    write(row)
    added = {"file": f"kept/{writer.path('backfill').name}", "documents": len(drawn.ids), "seed": seed}
    added |= {"sha256": sha256_file(writer.path("backfill")), "tokens": _told(drawn)}
    write_json(target.folder / MANIFEST, {**manifest, "kind": "backfill", "added": added})
    return drawn


def _untouched(row: dict[str, Any]) -> bool:
    same = short_hash(row["text"]) == row["curate"]["text_hash"]
    return same and not row["no_loss"] and row["weight"] == 1


def _link(path: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    to.unlink(missing_ok=True)
    try:
        os.link(path, to)
    except OSError:
        shutil.copyfile(path, to)
