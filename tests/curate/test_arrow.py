from __future__ import annotations

import subprocess
import sys

import numpy as np
import pyarrow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.curate import arrow

ENCODABLE = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(-(2**31), 2**31 - 1), st.booleans())),
    st.sampled_from([np.int32, np.int64, np.float64]),
)
def test_numbers_are_those_that_pyarrow_makes(rows, kind):
    values = np.array([value for value, _ in rows], dtype=kind)
    null = np.array([is_null for _, is_null in rows], dtype=bool)
    assert arrow.numbers(values, null).equals(pyarrow.array(values, mask=null))
    assert arrow.numbers(values[::2]).equals(pyarrow.array(values[::2]))
    assert arrow.truths(null).equals(pyarrow.array(null))


@settings(deadline=None)
@given(st.lists(ENCODABLE), st.data())
def test_strings_and_codes_are_those_that_pyarrow_makes(names, data):
    assert arrow.strings(names).equals(pyarrow.array(names, pyarrow.string()))
    rows = data.draw(st.lists(st.integers(0, len(names) - 1))) if names else []
    codes = np.array(rows, dtype=np.int64)
    null = codes % 3 == 0
    expected = [None if is_null else names[code] for code, is_null in zip(rows, null, strict=True)]
    made = arrow.coded(codes, names, null)
    made.validate(full=True)
    assert made.to_pylist() == expected


@settings(deadline=None)
@given(st.lists(st.none() | st.integers(-9, 9)), st.sampled_from(["int8", "int64", "float64"]), st.data())
def test_columns_are_read_as_pyarrow_reads_them(values, kind, data):
    column = pyarrow.array(values, kind)
    low = data.draw(st.integers(0, len(values)))
    for part in (column[low:], pyarrow.chunked_array([column[:low], column[low:]])):
        np.testing.assert_array_equal(arrow.to_numpy(part), part.to_numpy(zero_copy_only=False))
        assert arrow.plain_values(part) == part.to_pylist()


def test_codes_without_a_name_are_refused():
    for codes in ([1], [-1]):
        with pytest.raises(IndexError, match="none of 0 to 0"):
            arrow.coded(np.array(codes), ["a"])


def test_scoring_deciding_and_applying_import_no_pandas(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"id": "a", "text": "I will beat you up."}\n')
    program = """
import sys
from eudaimon.curate import apply_corpus, decide_corpus, open_scorer, score_corpus
score_corpus("a.jsonl", "s", open_scorer("stage1"), show_progress=False)
decide_corpus("s", "prosocial", "d", show_progress=False)
assert apply_corpus("d", "a", show_progress=False).manifest["documents"] == 1
assert "pandas" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True)
