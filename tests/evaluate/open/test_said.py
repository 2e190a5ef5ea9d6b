from __future__ import annotations

import pytest

from eudaimon.core import BadRows
from eudaimon.evaluate.open.said import Said


def test_what_was_kept_is_there_and_a_line_cut_off_is_passed_over(tmp_path):
    said = Said(tmp_path)
    said.add([("a", "yes\nno \ud83d", {"draw": 0}), ("b", "", {})])
    (file,) = tmp_path.glob("*.jsonl")
    with file.open("ab") as end:
        end.write(b'{"key": "c", "ans')
    again = Said(tmp_path)
    assert [again.get(key) for key in "abc"] == ["yes\nno \ud83d", "", None]
    again.add([("c", "there", {})])
    assert Said(tmp_path).get("c") == "there"


def test_without_a_folder_it_is_in_memory(tmp_path):
    said = Said(None)
    said.add([("a", "yes", {})])
    assert said.get("a") == "yes" and not list(tmp_path.iterdir())


def test_a_whole_line_that_is_no_answer(tmp_path):
    (tmp_path / "x.jsonl").write_text("{}\n", encoding="utf-8")
    with pytest.raises(BadRows, match="line 1"):
        Said(tmp_path)
