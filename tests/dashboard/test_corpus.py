"""A corpus in numbers: the same as counting it document by document, at any size."""

from __future__ import annotations

import shutil
from collections import Counter

import numpy as np
import pytest

from eudaimon.core.errors import BadRows
from eudaimon.curate import load_policy, policy_names, read_scores
from eudaimon.curate.card.collect import collect_card
from eudaimon.curate.decided import score_files
from eudaimon.curate.voices.turn import MARKUP
from eudaimon.dashboard import Found, find
from eudaimon.dashboard.corpus import MOST_SOURCES, OTHERS, mixture, treated, treated_record
from eudaimon.dashboard.decisions import decide


def scores_in(folder) -> Found:
    (found,) = find(folder).of("scores")
    return found


def counted(files):
    """The mixture by a loop over documents: an independent count."""
    rows: dict[str, Counter[str]] = {}
    for file in files:
        for document in read_scores(file):
            own = rows.setdefault(document.source, Counter())
            voiced = [one for one in document.segments if one.voice != MARKUP]
            top = [one for one in document.segments if one.parent is None]
            own.update(documents=1, segments=len(voiced), errors=bool(document.error))
            own["characters"] += sum(one.end - one.start for one in top)
    return rows


@pytest.mark.parametrize("which", ["runs", "scored"])
def test_mixture_is_that_of_a_loop(which, request):
    made = request.getfixturevalue(which)
    files = score_files(scores_in(getattr(made, "folder", made)).path)
    expected = counted(files)
    found = mixture(files)
    assert {row["source"]: {k: v for k, v in row.items() if k != "source"} for row in found} == {
        source: dict.fromkeys(("documents", "segments", "characters", "errors"), 0) | dict(counts)
        for source, counts in expected.items()
    }
    sizes = [row["characters"] for row in found]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize("name", policy_names())
@pytest.mark.parametrize("which", ["runs", "scored"])
def test_what_becomes_of_sources_is_what_a_card_says(which, name, request):
    made = request.getfixturevalue(which)
    found, policy = scores_in(getattr(made, "folder", made)), load_policy(name)
    expected = collect_card(found.path, policy).sources
    assert treated(score_files(found.path), decide(found, policy)) == expected
    record = treated_record(score_files(found.path), decide(found, policy), "t")
    assert record.sources == expected and record.policy.hash == policy.hash


def test_decisions_are_made_once_for_the_same_scores_and_policy(runs):
    found = scores_in(runs.folder)
    (first,) = decide(found, load_policy("strict")).files
    written = first.stat().st_mtime_ns
    assert decide(found, load_policy("strict")).files == (first,)
    assert first.stat().st_mtime_ns == written
    assert decide(found, load_policy("prosocial")).files != (first,)
    assert not first.is_relative_to(runs.folder.parent), (
        "nothing is written into the folder that is looked at"
    )


def test_many_small_sources_are_one(tmp_path):
    write_rows(tmp_path / "scores.parquet", n_documents=400, n_sources=50)
    found = mixture([tmp_path / "scores.parquet"])
    assert len(found) == MOST_SOURCES + 1 and found[-1]["source"] == OTHERS
    assert sum(row["documents"] for row in found) == 400


def test_a_damaged_file_is_told(runs, tmp_path):
    file = score_files(scores_in(runs.folder).path)[0]
    copy = shutil.copy(file, tmp_path / "scores.parquet")
    content = file.read_bytes()
    (tmp_path / "scores.parquet").write_bytes(content[: len(content) // 2])
    with pytest.raises(BadRows, match="cannot be read"):
        mixture([type(file)(copy)])
    with pytest.raises(BadRows, match="no file"):
        mixture([])


def write_rows(path, *, n_documents: int, n_sources: int, segments: int = 3):
    """A file of scores made column by column: `segments` rows a document and one before them."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from eudaimon.curate.score_table import score_schema

    each = segments + 1
    n = n_documents * each
    number = np.arange(n) // each
    segment = np.arange(n) % each - 1
    head = segment == -1
    columns = {
        "document": pa.array(np.char.add("d", number.astype(str))),
        "segment": pa.array(segment.astype(np.int32)),
        "n_segments": pa.array(np.where(head, segments, 0).astype(np.int32), mask=~head),
        "start": pa.array((segment * 10).astype(np.int64), mask=head),
        "end": pa.array((segment * 10 + 10).astype(np.int64), mask=head),
        "span_hash": pa.array(np.char.add("h", number.astype(str))),
        "source": pa.array(np.char.add("s", (number % n_sources).astype(str)), mask=~head),
        "harm_fraud": pa.array(np.where((number % 10 == 0) & (segment == 0), 0.9, 0.0), mask=head),
        "severity": pa.array(np.where((number % 10 == 0) & (segment == 0), 3.0, 0.0), mask=head),
        "stance": pa.array(["enacts"] * n, mask=head),
        "frame": pa.array(["none"] * n, mask=head),
        "voice": pa.array(["somebody"] * n, mask=head),
        "subject": pa.array(["human"] * n, mask=head),
    }
    table = pa.table(
        [columns.get(one.name, pa.nulls(n)).cast(one.type) for one in score_schema()], schema=score_schema()
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, compression="zstd", row_group_size=1 << 17)


@pytest.mark.slow
def test_a_million_rows_are_counted_where_they_lie(tmp_path):
    """What comes back is as small as for ten documents, and exact."""
    write_rows(tmp_path / "shards" / "s0" / "scores.parquet", n_documents=250_000, n_sources=5)
    files = score_files(tmp_path)
    found = mixture(files)
    assert [row["documents"] for row in found] == [50_000] * 5
    assert [row["segments"] for row in found] == [150_000] * 5
    assert [row["characters"] for row in found] == [1_500_000] * 5
    policy = load_policy("prosocial")
    rows = treated(files, decide(Found("scores", "s", tmp_path), policy))
    # Every tenth document has one segment of ten characters that the policy masks.
    assert sum(row.characters.get("mask", 0) for row in rows) == 250_000
    assert sum(row.n_touched for row in rows) == 25_000
