"""What a finished folder of scores says of itself: the same for the same inputs, whoever scored them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from eudaimon.core.files import read_json, write_json
from eudaimon.curate import arrow
from eudaimon.curate.run.folder import COSTS, IDS, MANIFEST, QUARANTINE, SCORES, ScoreFolder
from eudaimon.curate.run.score_shard import id_hash
from eudaimon.curate.score_table import WHOLE
from eudaimon.curate.scorer import StageCost, total_costs

IDS_AT_ONCE = 1 << 24
"""Ids looked at together for repetition: about 300 MB of memory."""
EXAMPLES = 20
COUNTED = ("documents", "segments", "characters", "errors", "quarantined")


def write_manifest(scores: ScoreFolder) -> dict[str, Any]:
    """Write ``manifest.json`` of a folder whose shards are all scored, and return it.

    Holds settings, files, counts and hashes of every shard, why records were quarantined, and how many ids
    repeat. No time, host, path or number of workers is in it.
    """
    plan = scores.plan
    shards, total = [], dict.fromkeys(COUNTED, 0)
    for shard in plan.shards:
        record = scores.record(shard.id) or {}
        counts = {name: record[name] for name in COUNTED}
        hashes = {name: record["files"][name]["sha256"] for name in (SCORES, QUARANTINE)}
        where = {"file": shard.file.name, "start": shard.start, "stop": shard.stop}
        shards.append({"id": shard.id, **where, **counts, **hashes})
        for name, n in counts.items():
            total[name] += n
    sources = dict.fromkeys(shard.file for shard in plan.shards)
    manifest = {
        **plan.settings,
        "files": [
            {"name": f.name, "format": f.format, "size": f.size, "fingerprint": f.fingerprint}
            for f in sources
        ],
        **total,
        "quarantine": dict(sorted(_quarantined(scores).items())),
        "repeated_ids": repeated_ids(scores, total["documents"]),
        "shards": shards,
    }
    write_json(scores.folder / MANIFEST, manifest)
    return manifest


def costs(scores: ScoreFolder) -> tuple[tuple[StageCost, ...], float]:
    """The cost of each stage over all shards, and CPU seconds of the workers with reading and writing."""
    stages: list[StageCost] = []
    cpu = 0.0
    for shard in scores.plan.shards:
        try:
            row = read_json(scores.shard(shard.id) / COSTS)
            stages += [StageCost(**stage) for stage in row["stages"]]
            cpu += row["cpu_seconds"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        stages = list(total_costs(stages))
    return tuple(stages), cpu


def repeated_ids(scores: ScoreFolder, n_documents: int, at_once: int = IDS_AT_ONCE) -> dict[str, Any]:
    """How many ids name more than one document, how many documents these are, and some of them with shards.

    Found by 64-bit hashes, in passes of ``at_once`` ids, so that memory does not grow with the corpus.
    """
    passes = max(1, -(-n_documents // at_once))
    n_ids = n_repeats = 0
    smallest: list[int] = []
    for k in range(passes):
        found, counts = np.unique(_hashes(scores, k, passes), return_counts=True)
        repeated = counts > 1
        n_ids += int(repeated.sum())
        n_repeats += int(counts[repeated].sum())
        smallest = sorted([*smallest, *found[repeated][:EXAMPLES].tolist()])[:EXAMPLES]
    return {"ids": n_ids, "documents": n_repeats, "examples": _named(scores, smallest)}


def _hashes(scores: ScoreFolder, k: int, passes: int) -> np.ndarray:
    parts = [np.zeros(0, dtype="<u8")]
    for path in _id_files(scores):
        ids = np.fromfile(path, dtype="<u8")
        parts.append(ids if passes == 1 else ids[ids % np.uint64(passes) == k])
    return np.concatenate(parts)


def _named(scores: ScoreFolder, hashes: list[int]) -> list[dict[str, Any]]:
    """The ids behind hashes, and the shards in which they are."""
    import pyarrow.parquet

    found: dict[str, Counter[str]] = {}
    wanted = np.array(sorted(hashes), dtype="<u8")
    for shard in scores.plan.shards if hashes else ():
        folder = scores.shard(shard.id)
        places = np.flatnonzero(np.isin(np.fromfile(folder / IDS, dtype="<u8"), wanted))
        if not len(places):
            continue
        table = pyarrow.parquet.read_table(folder / SCORES, columns=["document", "segment"])
        heads = np.flatnonzero(arrow.to_numpy(table["segment"]) == WHOLE)
        for name in table["document"].take(pyarrow.array(heads[places])).to_pylist():
            found.setdefault(name, Counter())[shard.id] += 1
    return [
        {"id": name, "shards": dict(sorted(found[name].items()))}
        for name in sorted(found, key=lambda name: (id_hash(name), name))
    ]


def _id_files(scores: ScoreFolder) -> Iterator[Path]:
    for shard in scores.plan.shards:
        yield scores.shard(shard.id) / IDS


def _quarantined(scores: ScoreFolder) -> Counter[str]:
    found: Counter[str] = Counter()
    for shard in scores.plan.shards:
        with (scores.shard(shard.id) / QUARANTINE).open(encoding="utf-8") as rows:
            found.update(json.loads(row)["kind"] for row in rows)
    return found
