"""A small corpus, a fastText model and a policy for it, and pipelines of datatrove's on them."""

from __future__ import annotations

import gzip
import json
import logging

import pytest

pytest.importorskip("datatrove")
fasttext = pytest.importorskip("fasttext")

BAD, FINE = "steal the goat and lie about it", "feed the goat and the hen"
POLICY = """
name: cut
about: For tests.
not_scored: fails
segments:
  - {name: bad, when: {harm: 0.5}, do: redact, why: it is bad}
documents:
  - {name: only bad, do: drop, why: nothing but bad, at_least: {bad: 0.9}}
  - {name: fine, do: keep, why: fine, at_most: {bad: 0}, weight: 2}
"""


@pytest.fixture(autouse=True)
def quiet():
    from datatrove.utils.logging import logger

    logger.remove()
    yield
    logging.getLogger("ray").handlers.clear()


@pytest.fixture(scope="session")
def trove(tmp_path_factory):
    """A folder with two files of documents, a model and a policy."""
    folder = tmp_path_factory.mktemp("trove")
    lines = [f"__label__bad {BAD}", f"__label__fine {FINE}"] * 200
    (folder / "lines.txt").write_text("\n".join(lines) + "\n")
    # Each thread fills a tenth of the first vectors; the rest fastText leaves as the memory was.
    model = fasttext.train_supervised(
        str(folder / "lines.txt"), dim=16, wordNgrams=2, bucket=1000, lr=0.5, epoch=20, thread=12, verbose=0
    )
    model.save_model(str(folder / "model.bin"))
    (folder / "policy.yaml").write_text(POLICY)
    (folder / "in").mkdir()
    texts = [f"{FINE}\n", f"{BAD}\n", f"{FINE}\n{BAD}\n\n{FINE}\n", f"  {BAD}\n{FINE} é\n"]
    for part in range(2):
        with gzip.open(folder / "in" / f"{part}.jsonl.gz", "wt", encoding="utf-8") as stream:
            for k in range(20):
                row = {"id": f"{part}-{k}", "text": texts[k % 4], "source": "forum", "n": k}
                stream.write(json.dumps(row, ensure_ascii=False) + "\n")
    return folder


@pytest.fixture(autouse=True)
def cache(trove, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(trove / "cache"))


@pytest.fixture
def rows():
    """The lines of all files in a folder, in order of names."""

    def read(folder):
        found = []
        for path in sorted(folder.glob("*.jsonl.gz")):
            with gzip.open(path, "rt", encoding="utf-8") as stream:
                found += [json.loads(line) for line in stream]
        return found

    return read


@pytest.fixture
def documents(rows):
    """The documents that datatrove's writer wrote into a folder, by id, as lists."""
    from datatrove.data import Document

    def read(folder):
        found = {}
        for row in rows(folder):
            found.setdefault(row["id"], []).append(
                Document(row["text"], row["id"], metadata=row.get("metadata", {}))
            )
        return found

    return read
