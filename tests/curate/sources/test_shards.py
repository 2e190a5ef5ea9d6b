"""Every record is in exactly one shard, whatever the shard size, the compression and the form of lines."""

from __future__ import annotations

import gzip
import json
from itertools import pairwise
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core.document import Document
from eudaimon.core.errors import UsageError
from eudaimon.curate.sources import stream
from eudaimon.curate.sources.cut import split
from eudaimon.curate.sources.find import find_sources
from eudaimon.curate.sources.read import read_shard

ANY = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=30)
TEXTS = st.lists(ANY.filter(lambda text: not text.isspace()), max_size=12)


def packed(raw: bytes, compression: str, cuts: list[int]) -> bytes:
    """The bytes in as many members or frames as there are cuts, and one more."""
    places = [0, *sorted(cut % (len(raw) + 1) for cut in cuts), len(raw)]
    parts = [raw[a:b] for a, b in pairwise(places)]
    pack = {"": bytes, "gzip": gzip.compress, "zstd": zstandard.compress}[compression]
    return b"".join(map(pack, parts))


@given(
    texts=TEXTS,
    compression=st.sampled_from(("", "gzip", "zstd")),
    cuts=st.lists(st.integers(0, 1000), max_size=3),
    shard_bytes=st.integers(1, 200),
    block=st.integers(1, 64),
    end=st.sampled_from(("\n", "\r\n", "\n\n", "\n \n")),
    last=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_lines_are_read_once(
    tmp_path_factory, texts, compression, cuts, shard_bytes, block, end, last
) -> None:
    path = tmp_path_factory.mktemp("lines") / "part.jsonl"
    lines = [json.dumps({"text": text, "n": n}, ensure_ascii=bool(n % 2)) for n, text in enumerate(texts)]
    raw = (end.join(lines) + (end if last else "")).encode()
    path.write_bytes(packed(raw, compression, cuts))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream, "BLOCK", block)
        patch.setattr(stream, "PACKED", block)
        shards = split(find_sources(path), shard_bytes)
        found = [record for shard in shards for record in read_shard(shard)]
        whole = [record for shard in split(find_sources(path), 1 << 40) for record in read_shard(shard)]
    assert [record.text for record in found] == texts
    assert [record.metadata["n"] for record in found] == list(range(len(texts)))
    assert found == whole
    assert len({shard.id for shard in shards}) == len(shards)
    for record, line in zip(found, lines, strict=True):
        offset = int(record.id.partition(":")[2])
        assert raw[offset:].startswith(line.encode())


@given(texts=TEXTS, rows=st.integers(1, 5), shard_bytes=st.integers(1, 2000))
@settings(max_examples=20, deadline=None)
def test_rows_are_read_once(tmp_path_factory, texts, rows, shard_bytes) -> None:
    path = tmp_path_factory.mktemp("rows") / "part.parquet"
    table = pyarrow.table({"text": pyarrow.array(texts, pyarrow.string()), "n": range(len(texts))})
    pyarrow.parquet.write_table(table, path, row_group_size=rows)
    found = [r for shard in split(find_sources(path), shard_bytes) for r in read_shard(shard)]
    assert [(r.id, r.text) for r in found] == [(f"part:{n}", text) for n, text in enumerate(texts)]
    assert all(r.metadata == {"n": n, "source": "part"} for n, r in enumerate(found))


def test_a_shard_knows_its_content_and_not_its_place(tmp_path: Path) -> None:
    ids = []
    for folder, text in (("a", "one"), ("b", "one"), ("c", "two")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "part 1.jsonl").write_text(json.dumps({"text": text}))
        ids.append(split(find_sources(tmp_path / folder))[0].id)
    assert ids[0] == ids[1] != ids[2]
    assert set(ids[0]) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
    both = split(find_sources([tmp_path / "a", tmp_path / "b"]))
    assert len({shard.id for shard in both}) == 2
    documents = [record for shard in both for record in read_shard(shard)]
    assert [document.id for document in documents] == ["a/part 1:0", "b/part 1:0"]
    assert all(isinstance(document, Document) for document in documents)


def test_a_shard_has_at_least_one_byte(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text("")
    with pytest.raises(UsageError, match="positive"):
        split(find_sources(tmp_path), 0)
