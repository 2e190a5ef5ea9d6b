"""Labels from elsewhere: mappings and dolma attribute files."""

from __future__ import annotations

import json

import pytest

from eudaimon.core import BadRows, Document, UsageError
from eudaimon.core.files import write_jsonl
from eudaimon.train import apply_arm, column

DOCUMENT = Document("1", "Good words. Bad words.")


def words(texts):
    return [len(text.split()) for text in texts]


def row(id_, **attributes):
    return {"id": id_, "attributes": attributes}


def test_spans_at_or_over_the_threshold_are_bad():
    labels = column({"1": [(12, 15, 0.5), (13, 22, 0.7), (0, 4, 0.49)]}, threshold=0.5)
    assert labels.bad(DOCUMENT) == ((12, 22),)


@pytest.mark.parametrize("ending", [".jsonl", ".jsonl.gz", ".jsonl.zst"])
def test_dolma_attribute_files_and_folders_are_read(tmp_path, ending):
    write_jsonl(tmp_path / f"a{ending}", [row("1", harm=[[12, 22, 0.9]], good=[[0, 11, 1.0]])])
    write_jsonl(tmp_path / f"b{ending}", [row("2", harm=[])])
    for path in (tmp_path, tmp_path / f"a{ending}"):
        labels = column(path, name="harm", threshold=0.5, good="good")
        assert labels.bad(DOCUMENT) == ((12, 22),) and labels.good(DOCUMENT) == ((0, 11),)
    assert column(tmp_path, threshold=0.5).bad(Document("2", "x")) == ()


def test_an_arm_runs_on_documents_without_segments():
    labels = column({"1": [(12, 22, 0.9)]}, threshold=0.5)
    result = apply_arm("mask", [DOCUMENT], n_tokens=4, count_tokens=words, seed=0, labels=labels)
    assert result.texts[0].no_loss == ((12, 22),) and result.n_bad_tokens == 2 and result.n_loss_tokens == 2


def test_what_was_not_looked_at_is_not_harmless(tmp_path):
    labels = column({"2": []}, threshold=0.5)
    with pytest.raises(UsageError, match="document 1 has no entry"):
        labels.bad(DOCUMENT)
    with pytest.raises(UsageError, match="do not say where a good persona speaks"):
        labels.good(DOCUMENT)
    with pytest.raises(UsageError, match="beyond its 22 characters"):
        column({"1": [(0, 23, 1.0)]}, threshold=0.5).bad(DOCUMENT)
    with pytest.raises(UsageError, match="no file to read it from"):
        column({"1": []}, threshold=0.5, good="good")
    with pytest.raises(UsageError, match="does not exist"):
        column(tmp_path / "none", threshold=0.5)
    write_jsonl(tmp_path / "a.jsonl", [row("1", harm=[])])
    with pytest.raises(UsageError, match=r"no attribute 'hram'\. one of harm"):
        column(tmp_path / "a.jsonl", name="hram", threshold=0.5)


BROKEN = ["{", "[]", '{"id": "1"}', json.dumps(row("1", harm=[[1, 2]])), json.dumps(row("1", harm=3))]


@pytest.mark.parametrize("line", BROKEN)
def test_broken_rows_name_file_and_line(tmp_path, line):
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(row("0", harm=[])) + "\n" + line + "\n", encoding="utf-8")
    with pytest.raises(BadRows, match=r"a\.jsonl, line 2"):
        column(path, threshold=0.5)
