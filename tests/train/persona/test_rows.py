from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

from eudaimon.core import UsageError
from eudaimon.train.persona.rows import PART, keep_rows

ASKED = [{"prompt": f"p{number}", "seed": number} for number in range(11)]
KILLED = """
import json, os, signal, sys
from eudaimon.train.persona.rows import keep_rows
done = []
def make(rows):
    done.extend(rows)
    if len(done) > 8:
        os.kill(os.getpid(), signal.SIGKILL)
    return [{"answer": row["prompt"].upper() + "é"} for row in rows]
asked = [{"prompt": f"p{number}", "seed": number} for number in range(11)]
from pathlib import Path
keep_rows(Path(sys.argv[1]), asked, make, at_once=4, label="x", show_progress=False)
"""


def keep(path, asked=ASKED, at_once=4, seen=None):
    def make(rows):
        if seen is not None:
            seen.append([row["prompt"] for row in rows])
        return [{"answer": row["prompt"].upper() + "é"} for row in rows]

    return keep_rows(path, asked, make, at_once=at_once, label="x", show_progress=False)


def test_rows_are_kept_with_what_was_asked(tmp_path):
    rows = keep(tmp_path / "r.jsonl")
    assert rows == [{**row, "answer": row["prompt"].upper() + "é"} for row in ASKED]
    assert [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()] == rows
    assert [path.name for path in tmp_path.iterdir()] == ["r.jsonl"]
    seen = []
    assert keep(tmp_path / "r.jsonl", seen=seen) == rows and seen == []


@pytest.mark.parametrize("leftover", [b"", b'{"prompt": "p8", "se', b'{"prompt": "p8", "seed": 8}\n'])
def test_killed_it_goes_on_with_the_same_rounds_and_bytes(tmp_path, leftover):
    whole, cut = tmp_path / "whole" / "r.jsonl", tmp_path / "cut" / "r.jsonl"
    keep(whole)
    died = subprocess.run([sys.executable, "-c", KILLED, str(cut)], check=False)
    assert died.returncode == -signal.SIGKILL
    part = cut.with_name(cut.name + PART)
    assert len(part.read_bytes().splitlines()) == 8 and not cut.exists()
    part.write_bytes(part.read_bytes() + leftover)
    seen = []
    keep(cut, seen=seen)
    assert seen == [["p8", "p9", "p10"]]
    assert cut.read_bytes() == whole.read_bytes() and not part.exists()


def test_a_last_short_round_that_is_whole_is_kept(tmp_path):
    path = tmp_path / "r.jsonl"
    keep(path)
    lines = path.read_text().splitlines()
    path.unlink()
    path.with_name(path.name + PART).write_text("".join(line + "\n" for line in lines))
    seen = []
    keep(path, seen=seen)
    assert seen == []


def test_rows_of_other_asks_are_refused(tmp_path):
    keep(tmp_path / "r.jsonl")
    other = [*ASKED[:3], {**ASKED[3], "seed": 99}, *ASKED[4:]]
    with pytest.raises(UsageError, match="line 4 was asked otherwise: another seed"):
        keep(tmp_path / "r.jsonl", other)
    with pytest.raises(UsageError, match="has 11 rows"):
        keep(tmp_path / "r.jsonl", ASKED[:5])
