"""CSV as Python's own reader understands it, with the place of every row."""

from __future__ import annotations

import csv
import gzip
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.curate.sources.cut import split
from eudaimon.curate.sources.find import find_sources
from eudaimon.curate.sources.read import read_shard
from eudaimon.curate.sources.record import Fields

CELL = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=12)


@given(
    rows=st.lists(st.tuples(CELL.filter(lambda text: text.strip()), CELL), max_size=8),
    delimiter=st.sampled_from(",;\t|"),
    end=st.sampled_from(("\n", "\r\n")),
    packed=st.booleans(),
    shard_bytes=st.integers(1, 100),
)
@settings(max_examples=40, deadline=None)
def test_rows_are_read_once(tmp_path_factory, rows, delimiter, end, packed, shard_bytes) -> None:
    stream = io.StringIO(newline="")
    # A carriage return outside of quotation marks ends a row for some readers and is an error for others.
    quoting = csv.QUOTE_ALL if any("\r" in cell for row in rows for cell in row) else csv.QUOTE_MINIMAL
    writer = csv.writer(stream, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerows([("text", "note"), *rows])
    raw = stream.getvalue().encode()
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    path.write_bytes(gzip.compress(raw) if packed else raw)
    found = [r for shard in split(find_sources(path), shard_bytes) for r in read_shard(shard)]
    assert [(r.text, r.metadata["note"]) for r in found] == rows
    assert sorted({r.id for r in found}, key=lambda id: int(id[2:])) == [r.id for r in found]


@pytest.mark.parametrize(
    ("raw", "kind", "reason"),
    [
        (b"caf\xe9,1", "encoding", "not UTF-8 at byte 18"),
        (b'"two\nlines \xe9",1', "encoding", "not UTF-8 at byte 26"),
        (b"one,2,3", "syntax", "a row of 3 fields, and the first row has 2"),
        (b"one", "syntax", "a row of 1 fields"),
        (b",1", "empty", "empty"),
        (b"x" * 70 + b",1", "length", "a line of 72 bytes"),
        (b'"' + b"ab\n" * 30 + b'",1', "length", "over 64 bytes"),
    ],
)
def test_a_bad_row(tmp_path, read_all, raw, kind, reason) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xef\xbb\xbftext,n\ngood,1\n"[3:] + b"\n" + raw + b"\n")
    good, (bad, *more) = read_all(path, longest=64)
    assert [document.text for document in good][:1] == ["good"]
    assert (bad.file, bad.offset, bad.kind) == (str(path), 15, kind)
    assert reason in bad.reason
    assert not more or kind == "length"


def test_a_quotation_that_is_never_closed(tmp_path, read_all) -> None:
    (tmp_path / "a.csv").write_text('text,n\ngood,1\n"never,2\nmore,3\n')
    good, (bad,) = read_all(tmp_path)
    assert [document.text for document in good] == ["good"]
    assert (bad.offset, bad.kind) == (14, "syntax")
    assert "not closed before the end" in bad.reason


def test_a_file_without_the_column_is_one_bad_record(tmp_path, read_all) -> None:
    (tmp_path / "a.csv").write_text("body,n\none,1\ntwo,2\n")
    good, (bad,) = read_all(tmp_path)
    assert not good
    assert (bad.offset, bad.kind) == (0, "text")
    assert "the first row is body, n" in bad.reason
    assert len(read_all(tmp_path, Fields(text="body"))[0]) == 2


def test_a_mark_at_the_beginning_and_quotation_marks_inside(tmp_path, read_all) -> None:
    (tmp_path / "a.csv").write_bytes(b'\xef\xbb\xbftext,n\na 5" pipe,1\n"a ""word""",2\n')
    good, bad = read_all(tmp_path)
    assert [document.text for document in good] == ['a 5" pipe', 'a "word"']
    assert not bad


def test_a_csv_cut_off(tmp_path, read_all) -> None:
    raw = b"text,n\n" + b"".join(b"row number %d,1\n" % n for n in range(100))
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(raw)[:-12])
    good, bad = read_all(tmp_path)
    assert [record.kind for record in bad] == ["damage"]
    assert bad[0].offset == 7 + sum(len(document.text) + 3 for document in good)


def test_long_fields(tmp_path, read_all) -> None:
    text = "long " * 40_000
    (tmp_path / "a.csv").write_text(f'text\n"{text}"\n')
    ((document,), _) = read_all(tmp_path)
    assert document.text == text
