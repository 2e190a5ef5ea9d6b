"""A small corpus in several files, and scorers that worker processes can import."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.append(str(HERE))  # as a project would be that defines scorers of its own

SAID = (
    'Anna said "I will bake a cake", and went home.',
    "Human: How do I store milk?\n\nAssistant: In the fridge.\n",
    "Human: How do I win?\n\nAssistant: Go and cheat them all.\n",
    'The thief said "let us rob the mill tonight". Nobody answered him.\n\nThe mill stood empty.',
    "A quiet day in the garden, é and \U0001f600 included.\n\nRoses grew.",
)


def lines(start: int, n: int) -> list[str]:
    """Records of JSON Lines."""
    rows = [
        {"id": f"d{k}", "text": f"{SAID[k % len(SAID)]}\n{k}", "year": 1900 + k, "source": f"s{k % 2}"}
        for k in range(start, start + n)
    ]
    return [json.dumps(row, ensure_ascii=False) for row in rows]


@pytest.fixture(scope="session")
def scorers():
    """The module of tiny scorers."""
    return importlib.import_module("tiny_scorers")


@pytest.fixture
def corpus(tmp_path) -> Path:
    """A folder of three files: plain with some bad records, compressed, and Parquet."""
    import gzip

    import pyarrow
    import pyarrow.parquet

    folder = tmp_path / "corpus"
    folder.mkdir()
    plain = lines(0, 40)
    plain[7:7] = ["{broken", '{"id": "x", "body": "no text"}', ""]
    (folder / "a.jsonl").write_bytes("\n".join(plain).encode() + b'\n{"text": "caf\xe9"}\n')
    (folder / "b.jsonl.gz").write_bytes(gzip.compress("\n".join(lines(40, 20)).encode()))
    rows = [json.loads(line) for line in [*lines(60, 15), *lines(3, 2)]]  # two ids come again
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), folder / "c.parquet", row_group_size=6)
    return folder


@pytest.fixture
def score(corpus, scorers, tmp_path) -> Callable[..., object]:
    """Score the corpus into ``tmp_path/scores`` by a scorer of ``tiny_scorers``; without workers, in here."""
    from eudaimon.curate import score_corpus

    def call(scorer="words", out="scores", **options):
        apart = {"workers", "engine"} & set(options)
        chosen = f"tiny_scorers:{scorer}" if apart else getattr(scorers, scorer)()
        options = {"shard_bytes": 1500, "show_progress": False} | options
        return score_corpus(corpus, tmp_path / out, chosen, **options)

    return call


@pytest.fixture(scope="session")
def contents() -> Callable[[Path], dict[str, bytes]]:
    """All that a folder holds and that may be compared, by path: no times, logs or locks."""
    apart = ("costs.json", "run.json", "plan.json")

    def read(folder: Path) -> dict[str, bytes]:
        return {
            str(path.relative_to(folder)): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file()
            and path.name not in apart
            and path.relative_to(folder).parts[0] not in ("logs", "locks", "progress", "slurm", "failed")
        }

    return read
