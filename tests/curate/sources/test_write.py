"""What is written is read again, the same records give the same bytes, and a file is whole or absent."""

from __future__ import annotations

import datetime
import decimal
import json

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core.document import Document
from eudaimon.core.errors import UsageError
from eudaimon.curate.sources.cut import split
from eudaimon.curate.sources.find import find_sources
from eudaimon.curate.sources.json_text import json_line
from eudaimon.curate.sources.read import read_shard
from eudaimon.curate.sources.write import RecordWriter, document_record

TEXT = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | TEXT | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
DOCUMENTS = st.lists(
    st.builds(
        lambda text, id, source, more: Document(
            id, text, {**{k: v for k, v in more.items() if k not in TAKEN}, "source": source}
        ),
        TEXT.filter(lambda text: not text.isspace()), TEXT, TEXT, st.dictionaries(TEXT, VALUES, max_size=3),
    ),
    max_size=6,
)  # fmt: skip
TAKEN = {"text", "id", "source", "metadata"}


@pytest.mark.parametrize("format", ["jsonl.zst", "parquet"])
@given(documents=DOCUMENTS)
@settings(max_examples=30, deadline=None)
def test_documents_come_back(tmp_path_factory, format, documents) -> None:
    folder = tmp_path_factory.mktemp("kept")
    for name in ("a", "b"):
        with RecordWriter(folder, format).open(name) as write:
            for document in documents:
                write(document_record(document))
    path = RecordWriter(folder, format).path("a")
    found = [record for shard in split(find_sources(path)) for record in read_shard(shard)]
    # JSON has one kind of number: infinity is none of it.
    assert found == [
        Document(d.id, d.text, json.loads(json.dumps(dict(d.metadata)), parse_constant=lambda _: None))
        for d in documents
    ]
    assert path.read_bytes() == RecordWriter(folder, format).path("b").read_bytes()


@pytest.mark.parametrize("format", ["jsonl.zst", "parquet"])
def test_a_file_is_whole_or_absent(tmp_path, format) -> None:
    with pytest.raises(RuntimeError), RecordWriter(tmp_path, format).open("a") as write:
        write({"id": "1", "text": "half"})
        raise RuntimeError
    assert not list(tmp_path.iterdir())


def test_parquet_columns(tmp_path) -> None:
    import pyarrow
    import pyarrow.parquet

    span = pyarrow.list_(pyarrow.struct({"start": pyarrow.int64(), "end": pyarrow.int64()}))
    columns = pyarrow.schema({"id": pyarrow.string(), "text": pyarrow.large_string(), "masks": span})
    with RecordWriter(tmp_path, "parquet").open("a", columns) as write:
        write({"id": "1", "text": "x", "masks": [{"start": 0, "end": 1}], "weight": 2})
    (row,) = pyarrow.parquet.read_table(tmp_path / "a.parquet").to_pylist()
    assert row == {"id": "1", "text": "x", "masks": [{"start": 0, "end": 1}], "metadata": '{"weight":2}'}


def test_what_parquet_cannot_hold(tmp_path) -> None:
    with pytest.raises(UsageError, match="surrogates"), RecordWriter(tmp_path, "parquet").open("a") as write:
        write({"id": "1", "text": "\ud800"})
    assert not list(tmp_path.iterdir())
    with pytest.raises(UsageError, match="csv"):
        RecordWriter(tmp_path, "csv")


def test_json_of_anything() -> None:
    value = {
        "big": 2**70, "nan": float("nan"), "half": "a\ud800", "bytes": b"\xff", "set": {2, 1},
        "day": datetime.date(2026, 1, 2), "price": decimal.Decimal("1.50"), "in": [float("inf")],
    }  # fmt: skip
    line = json_line(value)
    assert line.endswith(b"\n") and line.count(b"\n") == 1
    assert json.loads(line) == {
        "big": 2**70, "nan": None, "half": "a\ud800", "bytes": "/w==", "set": [1, 2],
        "day": "2026-01-02", "price": "1.50", "in": [None],
    }  # fmt: skip


def test_many_records_are_one_stream(tmp_path) -> None:
    with RecordWriter(tmp_path).open("a") as write:
        for n in range(3000):
            write({"id": str(n), "text": f"{n} " * 300})
    lines = zstandard.ZstdDecompressor().stream_reader((tmp_path / "a.jsonl.zst").read_bytes()).read()
    assert [json.loads(line)["id"] for line in lines.splitlines()] == [str(n) for n in range(3000)]
