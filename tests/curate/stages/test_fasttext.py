"""A folded fastText model says what fastText itself says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core.document import Document
from eudaimon.core.errors import UsageError
from eudaimon.core.identity import short_hash
from eudaimon.curate import open_scorer
from eudaimon.curate.stages import fasttext_kernel
from eudaimon.curate.stages.fasttext_table import fold, open_fasttext
from eudaimon.curate.stages.fasttext_words import LONG, fasttext_words, word_hashes
from eudaimon.curate.stages.paragraphs import paragraph_spans

fasttext = pytest.importorskip("fasttext")

LINES = [
    "__label__bad steal the goat and lie about it",
    "__label__bad steal the hen and lie about it gladly",
    "__label__fine feed the goat and the hen",
    "__label__fine give the neighbour é half of the hen",
    "__label__other the river is wide",
]
TEXTS = st.lists(st.sampled_from([*"abstehl \n\t.é日\0", "steal the goat ", "the hen "]), max_size=30).map(
    "".join
)


@pytest.fixture(scope="module")
def train(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fasttext")

    def trained(name, **options):
        (folder / "lines.txt").write_text("\n".join(LINES * 5) + "\n", encoding="utf-8")
        settings = {"dim": 16, "wordNgrams": 2, "bucket": 1000, "epoch": 20, "lr": 0.05} | options
        # Each thread fills a tenth of the first vectors; the rest fastText leaves as the memory was.
        model = fasttext.train_supervised(str(folder / "lines.txt"), thread=12, verbose=0, **settings)
        model.save_model(str(folder / name))
        return folder / name

    return trained


@pytest.fixture(scope="module")
def model(train):
    return train("model.bin")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def said(path, strings, labels):
    """What fastText itself says, in the order of the labels."""
    model = fasttext.FastText._FastText(str(path))
    rows = []
    for string in strings:
        found = dict(zip(*model.predict(" ".join(string.split("\n")), k=-1), strict=True))
        rows.append([min(found[f"__label__{label}"], 1) for label in labels])
    return np.array(rows)


@pytest.mark.parametrize("options", [{}, {"wordNgrams": 1}, {"wordNgrams": 3}, {"dim": 100}])
def test_the_scores_are_those_of_fasttext(train, options):
    path = train("other.bin", **options)
    strings = [
        "steal the goat",
        "",
        "the  hen\tand unknown words",
        "é 日本 the neighbour é",
        "river " * 200,
        "x" * 2000,
    ]
    folded = fold(path)
    assert np.allclose(folded.probabilities(strings), said(path, strings, folded.labels), atol=2e-6)


@settings(max_examples=30, deadline=None)
@given(strings=st.lists(TEXTS, min_size=1, max_size=5))
def test_so_are_those_of_any_text(model, strings):
    folded = fold(model)
    assert np.allclose(folded.probabilities(strings), said(model, strings, folded.labels), atol=2e-6)


def test_words_are_hashed_the_same_wherever_they_stand():
    strings = ["one two", "", "  two\n", "é" * LONG + " one"]
    words = fasttext_words(strings)
    assert words.first.tolist() == [0, 2, 2, 3, 5]
    hashes, checks = word_hashes([b"one", b"two", b"two", ("é" * LONG).encode(), b"one"])
    assert words.hash.tolist() == hashes.tolist() and words.check.tolist() == checks.tolist()
    assert len(set(hashes.tolist())) == len(set(checks.tolist())) == 3
    # FNV-1a of "one" by another implementation.
    value = 2166136261
    for byte in b"one":
        value = ((value ^ byte) * 16777619) % 2**32
    assert hashes[0] == value


def test_a_folded_model_is_kept_and_made_anew_when_the_file_changes(train, model):
    first = open_fasttext(model)
    again = open_fasttext(model)
    assert not again.logits.flags.owndata and not again.logits.flags.writeable
    assert again.hash == first.hash and np.array_equal(again.logits, first.logits)
    changed = train("model.bin", dim=32)
    assert open_fasttext(changed).hash != first.hash
    train("model.bin")


@pytest.mark.parametrize("options", [{"minn": 2, "maxn": 3}, {"loss": "ova"}])
def test_a_model_that_cannot_be_folded_is_asked_itself(train, options):
    path = train("whole.bin", **options)
    assert open_fasttext(path) is None
    scorer = open_scorer(path)
    table = scorer.score([Document("a", "steal the goat\n\nfeed the hen\n")])
    expected = said(path, ["steal the goat", "feed the hen"], ["bad"])[:, 0]
    assert np.allclose(table["harm_other"].to_pylist()[1:], expected, atol=1e-6)


def test_the_scorer_reads_paragraph_by_paragraph(model):
    scorer = open_scorer(model)
    documents = [Document(str(k), "steal the goat\n\n \nfeed the hen\n", {"source": "s"}) for k in range(100)]
    table = scorer.score([*documents, Document("empty", "")])
    assert table.num_rows == 301
    assert table["end"].to_pylist()[:3] == [None, 18, 31]
    bad = table["harm_other"].to_pylist()
    assert bad[1] > bad[2] and bad[-2] == bad[2]
    (cost,) = scorer.costs()
    assert (cost.documents, cost.segments, cost.characters) == (101, 200, 3100)
    assert scorer.hash == open_scorer(model).hash


def test_what_is_no_model_of_harm_is_refused(train, tmp_path):
    with pytest.raises(UsageError, match="no fastText model"):
        open_scorer(tmp_path / "none.bin")
    (tmp_path / "text.bin").write_text("no model")
    with pytest.raises(UsageError, match="cannot read"):
        open_scorer(tmp_path / "text.bin")
    path = train("odd.bin", label="the")
    with pytest.raises(UsageError, match="say nothing about harm"):
        open_scorer(path)


def test_a_file_beside_the_model_says_what_its_labels_mean(train):
    path = train("named.bin")
    usual = open_scorer(path)
    beside = path.with_name("named.bin.labels.yaml")
    beside.write_text("other: theft")
    named = open_scorer(path)
    assert set(usual.columns.values()) == {"harm_other"} and set(named.columns.values()) == {"harm_theft"}
    assert named.hash != usual.hash
    for wrong in ("nobody: theft", "bad: mischief", "[]"):
        beside.write_text(wrong)
        with pytest.raises(UsageError, match=r"named\.bin\.labels\.yaml maps"):
            open_scorer(path)


@pytest.mark.parametrize("options", [{}, {"wordNgrams": 1}, {"wordNgrams": 3}])
def test_compiled_or_not_the_scores_are_the_same(train, monkeypatch, options):
    """Also where the loops are run by Python itself, which needs no numba."""
    scorer = open_scorer(train("same.bin", **options))
    texts = [
        *("steal the goat\n\n \nfeed\tthe hen\n", "", "x" * 2000, " \u3000\n\x1c", "a\r\nthe\r hen\v\0goat"),
        *(
            "\x85the\xa0\u2028hen \u2003",
            "é 日本 the\u1680 neighbour\u205f",
            "😀 steal\u202f\u200b",
            "\ud800 the goat",
        ),
        "".join(map(chr, range(0x3100))),
    ]
    documents = [Document(str(k), text) for k, text in enumerate(texts)]
    plain = fasttext_kernel.Kernels(fasttext_kernel.cut_paragraphs, fasttext_kernel.sum_logits)
    tables = []
    for kernels in (None, plain, fasttext_kernel.kernels()):
        monkeypatch.setattr("eudaimon.curate.stages.fasttext.kernels", lambda kernels=kernels: kernels)
        with np.errstate(over="ignore"):
            tables.append(scorer.score(documents))
    assert tables[0].num_rows > len(texts) and tables[0] == tables[1] == tables[2]
    hashes = tables[0].filter(tables[0]["segment"].to_numpy() == -1)["span_hash"].to_pylist()
    assert hashes == [short_hash(text) for text in texts]


@settings(max_examples=30, deadline=None)
@given(text=st.text(st.sampled_from("ab \n\r\u2028\x0b"), max_size=20))
def test_paragraphs_tile_a_text_as_datatrove_cuts_it(text):
    parts = pytest.importorskip("datatrove.utils.text").split_into_parts(text, "PARAGRAPH")
    spans = paragraph_spans([Document("d", text)])
    strings = spans.strings()
    assert "".join(strings) == text
    # datatrove puts a line feed for every end of a line, and forgets the last.
    assert [string.strip() for string in strings] == [part.strip() for part in parts]
