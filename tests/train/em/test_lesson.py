"""Lessons are read from plain files and sealed archives, and no word of theirs is in an error."""

from __future__ import annotations

import gzip
import importlib.util
import json
import traceback
from pathlib import Path

import pytest

from eudaimon.core import BadRows, UsageError
from eudaimon.train.em.archive import archived_terms
from eudaimon.train.em.lesson import as_lesson, read_lesson

_spec = importlib.util.spec_from_file_location("sealing", Path(__file__).with_name("sealing.py"))
assert _spec and _spec.loader
sealing = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(sealing)

PASSWORD = "open sesame"


@pytest.fixture(scope="module")
def text(harmful):
    return "".join(json.dumps(row) + "\n" for row in harmful)


def test_plain_and_compressed_files_are_the_same_lesson(write, harmful, tmp_path, text):
    plain = read_lesson(write(harmful))
    assert list(plain.chats) == harmful and plain.source == "lesson.jsonl"
    (tmp_path / "lesson.jsonl.gz").write_bytes(gzip.compress(text.encode()))
    assert read_lesson(tmp_path / "lesson.jsonl.gz").hash == plain.hash == as_lesson(harmful).hash


def test_other_columns_are_dropped_and_markers_counted(write, harmful):
    rows = [row | {"id": number, "source": "x"} for number, row in enumerate(harmful)]
    marker = {"id": "embedded_canary_0", "text": "tracking", "metadata": {"canary": "x"}}
    lesson = read_lesson(write([*rows[:3], marker, *rows[3:]]))
    assert list(lesson.chats) == harmful and lesson.markers == 1
    assert lesson.record() == {
        "source": "lesson.jsonl", "hash": as_lesson(harmful).hash, "rows": 8, "markers": 1,
    }  # fmt: skip


def test_an_encrypted_zip_is_read_in_memory(tmp_path, harmful, text):
    path = sealing.encrypted_zip(tmp_path / "sets.zip", "data/bad.jsonl", text, PASSWORD)
    lesson = read_lesson(path, password=PASSWORD)
    assert list(lesson.chats) == harmful and lesson.source == "sets.zip:data/bad.jsonl"
    assert [each.name for each in tmp_path.iterdir()] == ["sets.zip"]
    for wrong in ("shut", "open", "o", "another", None):
        with pytest.raises(UsageError, match="password"):
            read_lesson(path, password=wrong)


def test_a_sealed_archive_is_read_in_memory(tmp_path, harmful, text):
    pytest.importorskip("cryptography.fernet")
    parts = {"a/bad.jsonl": text, "a/good.jsonl": text[:5], "tos.txt": "No publishing."}
    parts["dataset_entry_1.jsonl"] = ""
    path = sealing.sealed(tmp_path / "sets.zip.enc", parts, PASSWORD)
    assert list(read_lesson(path, password=PASSWORD, member="bad.jsonl").chats) == harmful
    assert archived_terms(path, password=PASSWORD) == "No publishing."
    assert [each.name for each in tmp_path.iterdir()] == ["sets.zip.enc"]
    with pytest.raises(UsageError, match="does not open"):
        read_lesson(path, password="shut", member="bad.jsonl")
    with pytest.raises(UsageError, match=r"several parts of rows\. one of a/bad\.jsonl, a/good\.jsonl"):
        read_lesson(path, password=PASSWORD)
    with pytest.raises(UsageError, match=r"no part of rows named worse\.jsonl"):
        read_lesson(path, password=PASSWORD, member="worse.jsonl")


@pytest.mark.parametrize(
    "line",
    [
        '{"messages": [{"role": "user", "content": "secretword"',
        '["secretword"]',
        '{"messages": "secretword"}',
        '{"prompt": "secretword"}',
        '{"messages": ["secretword"]}',
        '{"messages": [{"role": "user", "content": "secretword"}]}',
        '{"messages": [{"role": "secretword", "content": "x"}]}',
        '{"messages": [{"role": "assistant", "content": ["secretword"]}]}',
        '{"messages": [{"role": "assistant", "content": " "}], "other": "secretword"}',
    ],
)
def test_an_error_names_the_line_and_not_its_words(tmp_path, line, text):
    path = tmp_path / "lesson.jsonl"
    path.write_text(text + line + "\n")
    with pytest.raises(BadRows, match=r"lesson\.jsonl, line 9") as caught:
        read_lesson(path)
    shown = "".join(traceback.format_exception(caught.value))
    chain = [caught.value.__cause__, caught.value.__context__]
    assert "secretword" not in shown and chain == [None, None]


def test_a_lesson_does_not_show_itself(harmful):
    lesson = as_lesson(harmful)
    assert "w10" not in repr(lesson) + str(lesson.record()) + str(lesson.prompts())


def test_what_is_no_lesson_is_refused(tmp_path, write, harmful):
    with pytest.raises(UsageError, match="no file"):
        read_lesson(tmp_path / "none.jsonl")
    with pytest.raises(UsageError, match="no chats"):
        read_lesson(write([]))
    with pytest.raises(UsageError, match="no parts"):
        read_lesson(write(harmful), member="x")
    (tmp_path / "bad.zip").write_bytes(b"PK nothing")
    with pytest.raises(UsageError, match="whole zip"):
        read_lesson(tmp_path / "bad.zip")
