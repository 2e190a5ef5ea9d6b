"""Of a file that breaks off, what comes before the break is read, and the break is reported once."""

from __future__ import annotations

import gzip
import json
import zlib

import pyarrow
import pyarrow.parquet
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.curate.sources import stream
from eudaimon.curate.sources.cut import split
from eudaimon.curate.sources.find import find_sources
from eudaimon.curate.sources.read import read_shard
from eudaimon.curate.sources.record import BadRecord

LINES = [json.dumps({"text": f"line {n} " + "abc" * (n % 7), "n": n}) for n in range(60)]
RAW = "\n".join(LINES).encode() + b"\n"


def plain_before(packed: bytes, compression: str) -> bytes:
    """What a decompressor of its own makes of a file that is cut off."""
    if compression == "gzip":
        return zlib.decompressobj(31).decompress(packed)
    return zstandard.ZstdDecompressor().decompressobj().decompress(packed)


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
@given(cut=st.integers(5, 10_000), shard_bytes=st.integers(50, 3000))
@settings(max_examples=25, deadline=None)
def test_a_file_cut_off(tmp_path_factory, compression, cut, shard_bytes) -> None:
    packed = {"gzip": gzip.compress, "zstd": lambda raw: zstandard.compress(raw, 1)}[compression](RAW)
    packed = packed[: cut % (len(packed) - 5) + 4]
    path = tmp_path_factory.mktemp("cut") / f"a.jsonl.{compression[:2]}"
    path.write_bytes(packed)
    before = plain_before(packed, compression)
    found = [r for shard in split(find_sources(path, "jsonl"), shard_bytes) for r in read_shard(shard)]
    *good, last = found
    assert [document.metadata["n"] for document in good] == list(range(before.count(b"\n")))
    assert isinstance(last, BadRecord)
    assert (last.kind, last.offset) == ("damage", before.rfind(b"\n") + 1)
    assert "ends inside" in last.reason
    assert before[last.offset :].decode().startswith(last.excerpt[:20])


@pytest.mark.parametrize(
    ("name", "damage", "reason"),
    [
        ("a.jsonl.gz", lambda raw: gzip.compress(raw) + b"\0" * 200_000, ""),
        ("a.jsonl.gz", lambda raw: gzip.compress(raw) + b"\0" * 200_000 + gzip.compress(b""), ""),
        ("a.jsonl.gz", lambda raw: gzip.compress(raw) + b"garbage", "gzip"),
        ("a.jsonl.gz", lambda raw: raw, ""),
        ("a.jsonl.gz", lambda raw: gzip.compress(raw)[:-8] + zlib.crc32(raw).to_bytes(4, "little"), "gzip"),
        ("a.jsonl.zst", lambda raw: zstandard.compress(raw) + b"garbage", "zstd"),
        ("a.jsonl.zst", lambda raw: b"\x50\x2a\x4d\x18\3\0\0\0abc" + zstandard.compress(raw), ""),
        ("a.jsonl", gzip.compress, ""),
        ("a.jsonl", zstandard.compress, ""),
    ],
)
def test_what_is_around_the_compressed(tmp_path, read_all, name, damage, reason) -> None:
    (tmp_path / name).write_bytes(damage(RAW))
    good, bad = read_all(tmp_path, shard_bytes=100)
    assert len(good) == len(LINES)
    assert [record.offset for record in bad] == ([len(RAW)] if reason else [])
    assert all(reason in record.reason for record in bad)


def test_a_wrong_checksum_costs_the_last_line_at_most(tmp_path, read_all) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(RAW)[:-8] + b"\1" * 8)
    good, (bad,) = read_all(tmp_path, shard_bytes=100)
    assert len(good) >= len(LINES) - 1
    assert (bad.kind, len(RAW[: bad.offset].splitlines())) == ("damage", len(good))


def test_noise_in_the_middle(tmp_path, read_all) -> None:
    raw = "".join(json.dumps({"text": f"{n * n} {n**3}"}) + "\n" for n in range(12_000)).encode()
    packed = bytearray(gzip.compress(raw))
    packed[len(packed) // 2 : len(packed) // 2 + 64] = b"\xff" * 64
    (tmp_path / "a.jsonl.gz").write_bytes(packed)
    good, bad = read_all(tmp_path, shard_bytes=1 << 20)
    before = plain_before(bytes(packed[: len(packed) // 2]), "gzip").splitlines()[:-1]
    assert [document.text for document in good[: len(before)]] == [
        json.loads(line)["text"] for line in before
    ]
    assert [record.kind for record in bad].count("damage") == 1
    assert bad[-1].kind == "damage"


def test_noise_is_reported_once(tmp_path, read_all) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(b"\0\1\2\3" * 100)
    (tmp_path / "b.jsonl.zst").write_bytes(b"\0\1\2\3" * 100)
    good, bad = read_all(tmp_path)
    assert not good
    assert [(record.offset, record.kind) for record in bad] == [(0, "damage")] * 2


def test_an_empty_file_is_no_damage(tmp_path, read_all) -> None:
    for name in ("a.jsonl", "b.jsonl.gz", "c.jsonl.zst"):
        (tmp_path / name).write_bytes(b"")
    assert read_all(tmp_path) == ([], [])


def test_a_small_file_that_grows_large(tmp_path) -> None:
    """Four bytes of zstd can stand for 128 KiB, and a kilobyte of gzip for a megabyte."""
    import tracemalloc

    raw = json.dumps({"text": "x" * (100 << 20)}).encode()
    (tmp_path / "a.jsonl.zst").write_bytes(zstandard.compress(raw))
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(raw, 1))
    del raw
    for path in tmp_path.iterdir():
        (shard,) = split(find_sources(path), 1 << 40)
        tracemalloc.start()
        (bad,) = read_shard(shard)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert isinstance(bad, BadRecord)
        assert bad.kind == "length"
        assert peak < 90 << 20


def test_damaged_parquet(tmp_path, read_all) -> None:
    path = tmp_path / "a.parquet"
    table = pyarrow.table({"text": [f"a text with the number {n}" for n in range(300)]})
    pyarrow.parquet.write_table(table, path, row_group_size=100, compression="zstd")
    raw = bytearray(path.read_bytes())
    column = pyarrow.parquet.ParquetFile(path).metadata.row_group(1).column(0)
    start = column.dictionary_page_offset or column.data_page_offset
    for k in range(start, start + column.total_compressed_size):
        raw[k] ^= 0xFF
    path.write_bytes(raw)
    good, bad = read_all(path)
    assert [document.id for document in good] == [f"a:{n}" for n in [*range(100), *range(200, 300)]]
    assert [(record.offset, record.kind) for record in bad] == [(100, "damage")]
    assert "rows 100 to 199" in bad[0].reason
    path.write_bytes(bytes(raw[: len(raw) // 2]))
    good, bad = read_all(path)
    assert not good
    assert [(record.offset, record.kind) for record in bad] == [(0, "damage")]


def test_parquet_with_bad_rows(tmp_path, read_all) -> None:
    texts = [b"good", b"caf\xe9", None, b"", b"x" * 50, b"good"]
    column = pyarrow.array(texts, pyarrow.binary()).view(pyarrow.string())
    pyarrow.parquet.write_table(pyarrow.table({"text": column}), tmp_path / "a.parquet")
    good, bad = read_all(tmp_path, longest=40)
    assert [document.id for document in good] == ["a:0", "a:5"]
    assert [(r.offset, r.kind) for r in bad] == [(1, "encoding"), (2, "text"), (3, "empty"), (4, "length")]
    good, _ = read_all(tmp_path, longest=40, errors="replace")
    assert good[1].text == "caf\ufffd"


def test_a_compressed_file_is_opened_once_for_shards_in_order(tmp_path, monkeypatch) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(RAW))
    shards = split(find_sources(tmp_path), 200)
    assert len(shards) > 5
    opened: list[str] = []
    original = stream.open_bytes
    monkeypatch.setattr(stream, "open_bytes", lambda url: opened.append(url) or original(url))
    every_second = [record.metadata["n"] for shard in shards[::2] for record in read_shard(shard)]
    assert len(opened) == 1
    others = [record.metadata["n"] for shard in shards[1::2] for record in read_shard(shard)]
    assert sorted(every_second + others) == list(range(len(LINES)))
    for shard in shards[:3]:
        next(iter(read_shard(shard)), None)
    whole = [record.metadata["n"] for shard in shards for record in read_shard(shard)]
    assert whole == list(range(len(LINES)))


def test_parquet_of_bytes_and_of_what_python_has_no_value_for(tmp_path, read_all) -> None:
    table = pyarrow.table(
        {
            "text": pyarrow.array([b"caf\xc3\xa9", b"caf\xe9", None], pyarrow.binary()),
            "day": pyarrow.array([3_000_000, 0, 0], pyarrow.date32()),
        }
    )
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet")
    (good,), bad = read_all(tmp_path)
    assert good.text == "caf\xe9"
    assert good.metadata["day"] != 0
    assert [(record.offset, record.kind) for record in bad] == [(1, "encoding"), (2, "text")]


def test_a_forked_process_leaves_its_parents_stream_alone(tmp_path, monkeypatch) -> None:
    from eudaimon.curate.sources import forward

    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(RAW))
    first, second, third, *_ = split(find_sources(tmp_path), 200)
    assert list(read_shard(first))
    (parents,) = forward._idle
    with monkeypatch.context() as patch:
        patch.setattr(forward.os, "getpid", lambda: parents[0] + 1)
        patch.setattr(forward, "_idle", [parents])
        assert len(list(read_shard(second))) + len(list(read_shard(third))) > 5
        assert parents[3].position < 1000
        assert not parents[3]._file.closed
    numbers = [r.metadata["n"] for shard in (first, second) for r in read_shard(shard)]
    assert numbers == list(range(len(numbers)))


def test_gzip_without_the_fast_engine(tmp_path, read_all, monkeypatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "isal", None)
    packed = gzip.compress(RAW)
    (tmp_path / "a.jsonl.gz").write_bytes(packed + packed)
    assert len(read_all(tmp_path, shard_bytes=500)[0]) == 2 * len(LINES)
    (tmp_path / "a.jsonl.gz").write_bytes(packed + packed[:-8] + b"\1" * 8)
    good, (bad,) = read_all(tmp_path, shard_bytes=500)
    assert len(good) >= 2 * len(LINES) - 1
    assert bad.kind == "damage"
