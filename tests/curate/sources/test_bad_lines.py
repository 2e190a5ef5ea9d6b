"""Bad lines are reported with file and offset, and the good ones around them are read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

GOOD = b'{"text": "good"}'


def around(path: Path, raw: bytes) -> Path:
    """A file with the bytes as its middle line."""
    path.write_bytes(GOOD + b"\n" + raw + b"\n" + GOOD + b"\n")
    return path


@pytest.mark.parametrize(
    ("raw", "kind", "reason"),
    [
        (b'{"text": "caf\xe9 noir"}', "encoding", "not UTF-8 at byte 30"),
        (b'{"text": "\\ud800 half"}', "encoding", "half of a surrogate pair in the field 'text'"),
        (b'{"text": "x", "a": [{"b": "\\udfff"}]}', "encoding", "half of a surrogate pair in the field 'a'"),
        (b'{"text": "x"', "syntax", "not JSON at byte 29"),
        (b'{"text": "x"}{"text": "y"}', "syntax", "not JSON at byte 30: Extra data"),
        (b"[" * 3000, "syntax", "not JSON"),
        (b"\0\0\0", "syntax", "not JSON at byte 17"),
        (b'["text"]', "syntax", "no object"),
        (b'"text"', "syntax", "no object"),
        (b"NaN", "syntax", "no object"),
        (b'{"body": "x", "n": 1}', "text", "there is no field 'text': the record has body, n"),
        (b"{}", "text", "the record is empty"),
        (b'{"text": null}', "text", "holds null"),
        (b'{"text": ["x"]}', "text", "holds a list"),
        (b'{"text": 3}', "text", "holds a number"),
        (b'{"text": ""}', "empty", "is empty"),
        (b'{"text": " \\n"}', "empty", "is empty"),
    ],
)
def test_a_bad_line(tmp_path, read_all, raw, kind, reason) -> None:
    path = around(tmp_path / "a.jsonl", raw)
    good, (bad,) = read_all(path)
    assert [document.text for document in good] == ["good", "good"]
    assert (bad.file, bad.offset, bad.kind) == (str(path), len(GOOD) + 1, kind)
    assert reason in bad.reason
    assert raw.startswith(bad.excerpt.encode()) or "\\x" in bad.excerpt


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b'{"text": "caf\xe9 noir"}', "caf\ufffd noir"),
        (b'{"text": "\\ud83d\\ude00 \\ude00"}', "\U0001f600 \ufffd"),
    ],
)
def test_what_is_no_unicode_can_be_replaced(tmp_path, read_all, raw, text) -> None:
    good, bad = read_all(around(tmp_path / "a.jsonl", raw), errors="replace")
    assert [document.text for document in good] == ["good", text, "good"]
    assert not bad


def test_json_as_python_writes_it(tmp_path, read_all) -> None:
    record = {
        "text": "x\u2028\x00\U0001f600",
        "id": 2**70,
        "score": float("nan"),
        "metadata": {"a": 1, "b": 2},
        "b": 3,
    }
    (tmp_path / "a.jsonl").write_text("\ufeff" + json.dumps(record) + "\r\n \n")
    ((document,), bad) = read_all(tmp_path)
    assert not bad
    assert (document.id, document.text) == (str(2**70), record["text"])
    assert document.metadata == {"score": None, "a": 1, "b": 3, "source": "a"}


@pytest.mark.parametrize(
    ("id", "name"),
    [("x", "x"), (7, "7"), ("", "a:0"), (None, "a:0"), (True, "a:0"), (1.5, "a:0"), (["x"], "a:0")],
)
def test_ids(tmp_path, read_all, id, name) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps({"text": "t", "id": id}))
    ((document,), _) = read_all(tmp_path)
    assert document.id == name
    assert ("id" in document.metadata) == (name == "a:0")


def test_fields_and_source(tmp_path, read_all) -> None:
    from eudaimon.curate.sources.record import Fields

    record = {"body": "t", "key": "k", "source": "own", "site": "s", "nothing": ""}
    (tmp_path / "a.jsonl").write_text(json.dumps(record))
    for source, expected in ((None, "own"), ("site", "s"), ("nothing", "a"), ("missing", "a")):
        ((document,), _) = read_all(tmp_path, Fields("body", "key", source))
        assert (document.id, document.text) == ("k", "t")
        assert document.metadata["source"] == expected


def test_a_long_line_is_never_in_memory(tmp_path, read_all, monkeypatch) -> None:
    import tracemalloc

    from eudaimon.curate.sources import ranges

    path = tmp_path / "a.jsonl"
    with path.open("wb") as file:
        file.write(GOOD + b'\n{"text": "')
        file.seek(200 << 20, 1)
        file.write(b'"}\n' + GOOD)
    monkeypatch.setattr(ranges, "PIECES", 3)
    tracemalloc.start()
    good, (bad,) = read_all(path, shard_bytes=60 << 20)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 80 << 20
    assert len(good) == 2
    assert (bad.kind, bad.offset) == ("length", len(GOOD) + 1)
    assert f"{(200 << 20) + 12:,} bytes" in bad.reason
    assert bad.excerpt.startswith('{"text": "\0\0\0')


@pytest.mark.parametrize("limit", [16, 17, 40])
def test_the_limit_is_exact(tmp_path, read_all, limit) -> None:
    line = json.dumps({"text": "x" * (limit - 12)}).encode()
    assert len(line) == limit
    path = tmp_path / "a.jsonl"
    for end in (b"", b"\n"):
        path.write_bytes(GOOD + b"\n" + line + end)
        assert len(read_all(path, longest=limit)[0]) == 2
        if limit > len(GOOD):
            assert [bad.kind for bad in read_all(path, longest=limit - 1)[1]] == ["length"]
