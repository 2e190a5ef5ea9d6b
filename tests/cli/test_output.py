"""Tables on standard output."""

from __future__ import annotations

from eudaimon.cli.output import PLAIN_WIDTH, print_table


def printed(capsys, monkeypatch, header, rows):
    monkeypatch.delenv("COLUMNS", raising=False)
    print_table(header, rows, title="Doses")
    return capsys.readouterr().out


def test_columns_without_room_follow_in_tables_of_their_own(capsys, monkeypatch):
    names = [f"attack {number}, own" for number in range(30)]
    rows = [[arm, *(f"{number}.5 [0, 99]" for number in range(30))] for arm in ("raw", "mask")]
    out = printed(capsys, monkeypatch, ["arm", *names], rows)
    assert max(map(len, out.splitlines())) <= PLAIN_WIDTH
    assert all(f"{number}.5 [0, 99]" in out for number in range(30)) and out.count("Doses") == 1
    assert out.count("raw") == out.count("mask") == out.count("arm") > 1


def test_what_fits_folded_stays_one_table(capsys, monkeypatch):
    out = printed(capsys, monkeypatch, ["a", "b", "c"], [["x" * 300, "words " * 30, "y"]])
    assert out.count("y") == 1 and out.count("x") == 300 and out.count("words") == 30
    assert max(map(len, out.splitlines())) <= PLAIN_WIDTH


def test_a_single_long_column_is_never_left_out(capsys, monkeypatch):
    header = ["name", *(f"column{number}" for number in range(40))]
    out = printed(capsys, monkeypatch, header, [["n" * 200, *("v" * 60 for _ in range(40))]])
    assert out.count("v") == 40 * 60
