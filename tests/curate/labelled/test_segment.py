"""Labelled segments: their ranges, and the JSON-lines form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core.errors import BadRows
from eudaimon.curate.labelled.lines import as_row, read_labelled, write_labelled
from eudaimon.curate.labelled.segment import LabelledSegment, harmless
from eudaimon.curate.taxonomy import STANCES, SUBJECTS, TRAITS

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SEGMENT = st.builds(
    LabelledSegment,
    TEXT,
    TEXT,
    TEXT.filter(bool),
    st.sampled_from(["train", "calibration", "test"]),
    before=TEXT,
    frame_text=TEXT,
    harm=st.dictionaries(st.sampled_from(sorted(harmless())), st.floats(0, 1), max_size=3),
    severity=st.none() | st.floats(0, 5),
    stance=st.none() | st.sampled_from(STANCES),
    subject=st.none() | st.sampled_from(SUBJECTS),
    traits=st.dictionaries(st.sampled_from(TRAITS), st.floats(-2, 2), max_size=3),
    weight=st.floats(0, 10),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(SEGMENT, max_size=4))
def test_written_and_read_again(tmp_path_factory: Any, segments: list[LabelledSegment]) -> None:
    path = write_labelled(tmp_path_factory.mktemp("lines") / "a.jsonl.zst", segments)
    assert list(read_labelled(path)) == segments


def test_unknown_labels_are_not_written() -> None:
    assert as_row(LabelledSegment("a", "b", "c")) == {
        "text": "a",
        "source": "b",
        "group": "c",
        "split": "train",
    }


def test_unknown_is_not_none() -> None:
    assert LabelledSegment("a", "b", "c").harmful is None
    assert LabelledSegment("a", "b", "c", harm=harmless()).harmful == 0


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("[]", "not a JSON object"),
        ('{"text": "a"}', "no source and no group"),
        ('{"text": "a", "source": "b", "group": "c", "colour": 1}', "colour"),
        ('{"text": "a", "source": "b", "group": "c", "harm": {"hate": 2}}', "hate"),
        ('{"text": "a", "source": "b", "group": "c", "stance": "shouts"}', "shouts"),
        ('{"text": "a", "source": "b", "group": "c", "split": "dev"}', "dev"),
        ('{"text": "a", "source": "b", "group": ""}', "group"),
        ("{", "line 2"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, says: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "a", "source": "b", "group": "c"}\n' + line + "\n")
    with pytest.raises(BadRows, match=says) as caught:
        list(read_labelled(path))
    assert "line 2" in str(caught.value)
