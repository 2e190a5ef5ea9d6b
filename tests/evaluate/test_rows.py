from __future__ import annotations

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core.errors import BadRows, UsageError
from eudaimon.evaluate import Row, Rows, read_rows, table, write_rows

FEW = settings(max_examples=25, deadline=None)
names = st.text(max_size=6)
cells = st.dictionaries(names, st.one_of(names, st.integers(-9, 9), st.booleans(), st.none()), max_size=3)
any_row = st.builds(
    Row,
    study=names,
    cell=cells,
    seed=st.integers(0, 2**62),
    step=st.none() | st.integers(0, 10**6),
    question=names,
    sample=names,
    metric=names,
    value=st.floats(allow_nan=False, allow_infinity=False),
    judge=names,
    subject=names,
)


def row(
    arm="raw", seed=0, question="q", sample="0", metric="harm", value=0.5, step=None, judge="exact", **cell
):
    return Row("s", {"arm": arm, **cell}, seed, step, question, sample, metric, value, judge, "abc")


@FEW
@given(st.lists(any_row, max_size=8))
def test_written_rows_come_back_and_the_same_rows_give_the_same_bytes(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("rows")
    write_rows(folder / "a.parquet", rows)
    write_rows(folder / "b.parquet", iter(rows))
    found = read_rows(folder / "a.parquet")
    assert list(found) == rows
    assert [found[index] for index in range(len(rows))] == rows
    assert (folder / "a.parquet").read_bytes() == (folder / "b.parquet").read_bytes()
    assert list(read_rows(folder / "a.parquet", folder / "b.parquet")) == [*rows, *rows]
    assert list(found + found) == [*rows, *rows]
    assert list(found[1:]) == rows[1:]


def test_column_types_stand_in_the_file(tmp_path):
    write_rows(tmp_path / "a.parquet", [row(shots=4, on=True)])
    stored = pyarrow.parquet.read_table(tmp_path / "a.parquet")
    assert stored["cell"].to_pylist() == ['{"arm": "raw", "on": true, "shots": 4}']
    assert stored.schema.field("step").type == pyarrow.int64()
    assert (
        pyarrow.parquet.ParquetFile(tmp_path / "a.parquet").metadata.row_group(0).column(0).compression
        == "ZSTD"
    )


def test_files_that_hold_no_rows(tmp_path):
    with pytest.raises(BadRows, match=r"gone\.parquet"):
        read_rows(tmp_path / "gone.parquet")
    (tmp_path / "text.parquet").write_text("no parquet")
    with pytest.raises(BadRows, match="cannot be read"):
        read_rows(tmp_path / "text.parquet")
    good = Rows.of([row()]).columns
    pyarrow.parquet.write_table(good.drop(["metric", "judge"]), tmp_path / "less.parquet")
    with pytest.raises(BadRows, match="no column metric, judge"):
        read_rows(tmp_path / "less.parquet")
    odd = good.set_column(7, "value", pyarrow.array(["much"]))
    pyarrow.parquet.write_table(odd, tmp_path / "odd.parquet")
    with pytest.raises(BadRows, match=r"odd\.parquet has a column of another type"):
        read_rows(tmp_path / "odd.parquet")


def test_values_that_are_none_are_refused(tmp_path):
    with pytest.raises(UsageError, match="harm of question q is nan"):
        row(value=float("nan"))
    with pytest.raises(UsageError, match="cell field list"):
        write_rows(tmp_path / "a.parquet", [row(list=[1])])
    assert not (tmp_path / "a.parquet").exists()


def test_table_averages_samples_and_keeps_arms_apart():
    rows = [
        row(arm, seed, question, sample, value=value + (arm == "raw"))
        for arm in ("raw", "mask")
        for seed in (0, 1)
        for question, sample, value in (("q", "0", 0.0), ("q", "1", 1.0), ("p", "0", 0.25))
    ]
    found = table([*rows, row(metric="good", value=9.0)], by=("arm",), metric="harm")
    assert list(found) == [("raw",), ("mask",)]
    assert found["mask",].values.tolist() == [0.25, 0.5, 0.25, 0.5]
    assert found["mask",].questions == ("p", "q")
    assert found["raw",].mean == pytest.approx(found["mask",].mean + 1)


def test_table_pools_nothing_unnamed():
    rows = [
        row(arm, attack=attack, value=value)
        for arm, attack, value in (("raw", "none", 0), ("raw", "shots", 1))
    ]
    with pytest.raises(UsageError, match=r"different attack \(none, shots\)"):
        table(rows, by=("arm",), metric="harm")
    assert table(rows, by=("arm",), metric="harm", where={"attack": "shots"})["raw",].mean == 1
    assert table(rows, by=("arm",), metric="harm", over=("attack",))["raw",].mean == 0.5
    for other in ({"step": 5}, {"judge": "text"}):
        with pytest.raises(UsageError, match=next(iter(other))):
            table([row(), row(sample="1", **other)], by=("arm",), metric="harm")
    assert set(table([row(), row(step=5)], by=("arm", "step"), metric="harm")) == {("raw", None), ("raw", 5)}


def test_table_refuses_what_would_be_counted_wrongly():
    with pytest.raises(UsageError, match="1 samples of a question occur twice"):
        table([row(), row()], by=("arm",), metric="harm")
    unbalanced = [row(attack="a", question="q"), row(attack="a", question="p"), row(attack="b", question="q")]
    with pytest.raises(UsageError, match="1 of 2 seeds and questions"):
        table(unbalanced, by=("arm",), metric="harm", over=("attack",))
    with pytest.raises(UsageError, match="metric harmm"):
        table([row()], by=("arm",), metric="harmm")
    with pytest.raises(UsageError, match="field armm"):
        table([row()], by=("armm",), metric="harm")
    with pytest.raises(UsageError, match="there are no rows"):
        table([], by=("arm",), metric="harm")
