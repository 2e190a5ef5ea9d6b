"""Files behind paths, folders, patterns and URLs, in all formats."""

from __future__ import annotations

import gzip
import json
import logging
import sys
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path

import fsspec
import pyarrow
import pyarrow.parquet
import pytest
import zstandard

from eudaimon.core.errors import UsageError
from eudaimon.curate.sources.cut import split
from eudaimon.curate.sources.find import find_sources
from eudaimon.curate.sources.formats import READERS, reader_of
from eudaimon.curate.sources.read import read_shard
from eudaimon.curate.sources.shard import Shard
from eudaimon.curate.sources.source_file import SUFFIXES, SourceFile

ROWS = [{"text": f"text {n}", "id": str(n)} for n in range(5)]
LINES = "".join(json.dumps(row) + "\n" for row in ROWS).encode()


def texts(path: str | Path) -> list[str]:
    return [r.text for shard in split(find_sources(path), 30) for r in read_shard(shard)]


def arrow(path: Path, rows: list[dict], stream: bool = True, batch: int = 2) -> None:
    table = pyarrow.Table.from_pylist(rows)
    writer = (pyarrow.ipc.new_stream if stream else pyarrow.ipc.new_file)(path, table.schema)
    writer.write_table(table, max_chunksize=batch)
    writer.close()


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """The same rows in every format."""
    root = tmp_path / "corpus"
    (root / "deep" / "er").mkdir(parents=True)
    (root / "a.jsonl").write_bytes(LINES)
    (root / "b.jsonl.gz").write_bytes(gzip.compress(LINES))
    (root / "deep" / "c.json.zst").write_bytes(zstandard.compress(LINES))
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(ROWS), root / "deep" / "d.parquet")
    arrow(root / "deep" / "e.arrow", ROWS)
    (root / "deep" / "er" / "f.csv").write_text(
        "text,id\n" + "".join(f"{r['text']},{r['id']}\n" for r in ROWS)
    )
    (root / "deep" / "er" / "g.tsv").write_text(
        "id\ttext\n" + "".join(f"{r['id']}\t{r['text']}\n" for r in ROWS)
    )
    return root


def test_a_folder(corpus, caplog) -> None:
    (corpus / "README.txt").write_text("about")
    (corpus / ".hidden.jsonl").write_bytes(LINES)
    (corpus / "_SUCCESS").write_text("")
    (corpus / "picture.png").write_bytes(b"\x89PNG")
    with caplog.at_level(logging.WARNING):
        files = find_sources(corpus)
    assert [file.name for file in files] == [
        "a.jsonl", "b.jsonl.gz", "deep/c.json.zst", "deep/d.parquet", "deep/e.arrow",
        "deep/er/f.csv", "deep/er/g.tsv",
    ]  # fmt: skip
    assert {file.format for file in files} | {"warc", "text"} == set(READERS) == set(SUFFIXES.values())
    assert "2 of 9 files there are not read" in caplog.text
    assert texts(corpus) == [row["text"] for row in ROWS] * 7
    assert all(
        file.stem in ("a", "b", "deep/c", "deep/d", "deep/e", "deep/er/f", "deep/er/g") for file in files
    )


def test_a_source_can_be_kept_as_json(corpus) -> None:
    for file in find_sources(corpus):
        assert {SourceFile(**json.loads(json.dumps(asdict(file))))} == {file}


def test_patterns_and_files(corpus, monkeypatch) -> None:
    assert [file.name for file in find_sources(corpus / "*.jsonl*")] == ["a.jsonl", "b.jsonl.gz"]
    assert [file.name for file in find_sources(f"{corpus}/**/*.[ct]sv")] == ["deep/er/f.csv", "deep/er/g.tsv"]
    both = find_sources([corpus / "b.jsonl.gz", corpus])
    assert [file.name for file in both][:2] == ["b.jsonl.gz", "a.jsonl"]
    assert len(both) == 7
    monkeypatch.chdir(corpus)
    assert find_sources("a.jsonl") == find_sources(corpus / "a.jsonl")
    assert texts("deep") == texts(corpus / "deep")
    (corpus / "odd[1]*.jsonl").write_bytes(LINES)
    assert [file.name for file in find_sources("odd[1]*.jsonl")] == ["odd[1]*.jsonl"]


def test_urls(corpus) -> None:
    memory = fsspec.filesystem("memory")
    for path in corpus.rglob("*.*"):
        memory.pipe(f"/eudaimon-test/{path.relative_to(corpus)}", path.read_bytes())
    try:
        url = "memory://eudaimon-test"
        assert texts(url) == texts(corpus)
        files = find_sources(f"{url}/*.jsonl")
        assert [(file.name, file.size) for file in files] == [("a.jsonl", len(LINES))]
        (first, *_) = split(files)
        memory.pipe("/eudaimon-test/a.jsonl", LINES.replace(b"text 4", b"text 5"))
        assert split(find_sources(f"{url}/a.jsonl"))[0].id != first.id
    finally:
        memory.rm("/eudaimon-test", recursive=True)


def test_a_saved_dataset(tmp_path) -> None:
    import datasets

    saved = datasets.Dataset.from_list(ROWS)
    datasets.DatasetDict(train=saved, test=saved.select([3])).save_to_disk(
        tmp_path / "set", num_shards={"train": 2, "test": 1}
    )
    assert texts(tmp_path / "set" / "train") == list(
        datasets.load_from_disk(tmp_path / "set")["train"]["text"]
    )
    assert texts(tmp_path / "set") == ["text 3", *(row["text"] for row in ROWS)]


def test_names_on_the_hub(corpus, monkeypatch) -> None:
    """The hub is a file system like others: here one that lies in a folder, under the hub's own name."""
    from fsspec.implementations.dirfs import DirFileSystem

    class Hub(DirFileSystem):
        protocol = "hf"

        def __init__(self, **options):
            super().__init__(str(corpus.parent), fsspec.filesystem("file"), **options)

        @classmethod
        def _strip_protocol(cls, path):
            return path.removeprefix("hf://")

        def unstrip_protocol(self, name):
            return f"hf://{name}"

    monkeypatch.setitem(sys.modules["fsspec.registry"]._registry, "hf", Hub)
    (file,) = find_sources("hf://corpus/a.jsonl")
    assert (file.url, file.name) == ("hf://corpus/a.jsonl", "a.jsonl")
    assert texts("hf://corpus") == texts(corpus)


def test_plain_texts_are_one_source(tmp_path, read_all) -> None:
    root = tmp_path / "books"
    (root / "deep").mkdir(parents=True)
    for name in ("a.txt", "deep/b.txt", "c.TXT"):
        (root / name).write_text(f"\ufeffthe text\r\nof {name}", newline="")
    (root / "d.txt.gz").write_bytes(gzip.compress(b"packed"))
    (root / "e.txt").write_bytes(b"caf\xe9")
    (root / "f.txt").write_bytes(gzip.compress(b"cut off" * 9)[:-4])
    (root / "g.txt").write_bytes(b"x" * 1001)
    (root / "h.md").write_text("not read")
    (file,) = find_sources(root)
    assert (file.format, file.name) == ("text", "books")
    good, bad = read_all(root, longest=1000)
    assert [(d.id, d.text) for d in good] == [
        ("books/a.txt", "the text\r\nof a.txt"), ("books/c.TXT", "the text\r\nof c.TXT"),
        ("books/d.txt.gz", "packed"), ("books/deep/b.txt", "the text\r\nof deep/b.txt"),
    ]  # fmt: skip
    assert {document.metadata["source"] for document in good} == {"books"}
    assert [(Path(r.file).name, r.kind) for r in bad] == [
        ("e.txt", "encoding"), ("f.txt", "damage"), ("g.txt", "length")
    ]  # fmt: skip
    assert [d.id for d in read_all(root / "a.txt")[0]] == ["a.txt"]
    shards = {shard.id for shard in split(find_sources(root))}
    (root / "a.txt").write_text("another")
    assert not shards & {shard.id for shard in split(find_sources(root))}
    forced = find_sources(root / "*.md", format="text")
    assert [r.text for shard in split(forced) for r in read_shard(shard)] == ["not read"]


@pytest.mark.parametrize("stream", [True, False])
def test_damaged_arrow(tmp_path, read_all, stream) -> None:
    path = tmp_path / "a.arrow"
    arrow(path, ROWS, stream)
    raw = path.read_bytes()
    assert [document.id for document in read_all(path)[0]] == ["0", "1", "2", "3", "4"]
    path.write_bytes(raw[: len(raw) * 2 // 3])
    good, bad = read_all(path)
    assert [document.id for document in good] == [str(n) for n in range(len(good))]
    assert [(r.offset, r.kind) for r in bad] == [(len(good), "damage")]


def test_large_files_are_known_by_a_sample(tmp_path, monkeypatch) -> None:
    import os

    from eudaimon.curate.sources import fingerprint

    monkeypatch.setattr(fingerprint, "WHOLE", 10)
    path = tmp_path / "a.jsonl"
    path.write_bytes(LINES)
    os.utime(path, (1, 1))
    marks = [find_sources(path)[0].fingerprint]
    path.write_bytes(LINES[:-4] + b'0"}\n')
    os.utime(path, (1, 1))
    marks.append(find_sources(path)[0].fingerprint)
    os.utime(path, (2, 2))
    marks.append(find_sources(path)[0].fingerprint)
    assert len(set(marks)) == 3
    for content in (LINES, LINES.replace(b"text 3", b"text 4")):
        path.write_bytes(gzip.compress(content, mtime=0))
        for time in (1, 2):
            os.utime(path, (time, time))
            marks.append(find_sources(path)[0].fingerprint)
    assert marks[3] == marks[4] != marks[5] == marks[6]


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.png", b"\x89PNG", "what it holds"),
        ("a.json", b' [{"text": "x"}]', "one JSON array"),
        ("b/", b"", "no such file"),
    ],
)
def test_paths_that_lead_nowhere(tmp_path, name, content, problem) -> None:
    if content:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=problem):
        find_sources(tmp_path / name)


def test_no_paths_and_no_such_system() -> None:
    with pytest.raises(UsageError, match="no files"):
        find_sources([])
    with pytest.raises(UsageError, match="cannot be looked into"):
        find_sources("nosuchsystem://x/*.jsonl")


@pytest.mark.parametrize("format", sorted(READERS))
def test_every_reader_tiles_a_file(corpus, tmp_path, format) -> None:
    """One suite for all formats: ranges tile, the last is open, an empty file has no documents."""
    reader = reader_of(format)
    assert reader.ranges.__doc__
    assert reader.read.__doc__
    names = {v: k for k, v in reversed(SUFFIXES.items())}
    empty = tmp_path / f"empty{names[format]}"
    empty.write_bytes(b"")
    for path in (empty, *(p for p in corpus.rglob("*.*") if SUFFIXES.get(p.suffix) == format)):
        for file in find_sources(path):
            for size in (1, 50, 1 << 30):
                found = reader.ranges(file, size)
                assert found[0][0] == 0
                assert found[-1][1] is None
                assert all(a[1] == b[0] for a, b in pairwise(found))
    (shard,) = (Shard(file, 0, 0, None) for file in find_sources(empty))
    assert not [r for r in read_shard(shard) if not hasattr(r, "kind")]
