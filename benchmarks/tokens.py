"""Tokenising with loss masks: `write_tokens` beside the bare tokenizer, on one core; and rows read back.

python benchmarks/tokens.py
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import markdown
import texts
from rounds import interleave, show, spread

from eudaimon.train import TrainText, order, pack, write_tokens

TARGET = 1.0
N_BYTES = 2_000_000
BATCH = 2048
# A turn of a dialogue with its answer, and a page.
N_CHARACTERS = (200, 3000)
MASKED_SHARE = 0.25
ROWS = {"documents": 256, "packed": 2048, "stream": 2048}
TOKENS_A_BATCH = 1 << 15


def run(rounds: int, log: Callable[[str], None]) -> dict[str, Any]:
    """Megabytes per CPU-second for each tokenizer and length of text, and tokens read per second."""
    corpus, rows = texts.corpus(), []
    # One core: what a worker of a job array has. tokenizers looks at this at every call.
    with patch.dict(os.environ, {"TOKENIZERS_PARALLELISM": "false"}), tempfile.TemporaryDirectory() as folder:
        for name, build in TOKENIZERS.items():
            tokenizer = build(corpus)
            for n_characters in N_CHARACTERS:
                documents = masked_texts(corpus, n_characters)
                row = {"tokenizer": name, "characters": n_characters}
                row |= _writing(tokenizer, documents, Path(folder), rounds)
                rows.append(row)
                log(line(row))
        reading = [_reading(mode, length, Path(folder)) for mode, length in ROWS.items()]
    return {"target": TARGET, "masked": MASKED_SHARE, "rows": rows, "reading": reading}


def masked_texts(corpus: Sequence[str], n_characters: int, seed: int = 0) -> list[TrainText]:
    """Texts of one length made of packaged queries, a quarter of each, somewhere in it, without loss."""
    rng, made, n_bytes = random.Random(seed), [], 0
    while n_bytes < N_BYTES:
        text = ""
        while len(text) < n_characters:
            text += rng.choice(corpus) + " "
        text = text[:n_characters]
        hidden = int(MASKED_SHARE * n_characters)
        start = rng.randrange(n_characters - hidden)
        made.append(TrainText(str(len(made)), text, ((start, start + hidden),)))
        n_bytes += len(text.encode())
    return made


def _writing(tokenizer: Any, documents: list[TrainText], folder: Path, rounds: int) -> dict[str, Any]:
    plain = [TrainText(text.id, text.text) for text in documents]
    n_megabytes = sum(len(text.text.encode()) for text in documents) / 1e6

    def bare() -> None:
        for low in range(0, len(documents), BATCH):
            for encoding in tokenizer.backend_tokenizer.encode_batch(
                [text.text for text in documents[low : low + BATCH]]
            ):
                _ = encoding.ids

    times = interleave(
        {
            "bare": bare,
            "masked": lambda: write_tokens(documents, tokenizer, folder),
            "unmasked": lambda: write_tokens(plain, tokenizer, folder),
        },
        rounds,
        # What is asked for is the work of one core: its seconds, not those that it spent on others.
        time.process_time,
    )
    return {name: spread([n_megabytes / value for value in values]) for name, values in times.items()} | {
        "share": spread([a / b for a, b in zip(times["bare"], times["masked"], strict=True)])
    }


def _reading(mode: str, length: int, folder: Path, n_batches: int = 30) -> dict[str, Any]:
    from eudaimon.train import TokenSet

    tokens = TokenSet.open(folder)
    started = time.perf_counter()
    rows = pack(tokens, length, mode=mode)  # type: ignore[arg-type]
    planned = time.perf_counter() - started
    size = TOKENS_A_BATCH // length
    numbers, speeds = order(len(rows), 0), []
    for number in range(n_batches):
        chosen = [int(numbers[(number * size + i) % len(rows)]) for i in range(size)]
        started = time.perf_counter()
        rows.__getitems__(chosen)
        speeds.append(size * length / (time.perf_counter() - started) / 1e6)
    full = tokens.n_tokens / (len(rows) * length)
    return {
        "mode": mode,
        "length": length,
        "full": full,
        "plan_seconds": planned,
        "speed": spread(speeds[1:]),
    }


def _bpe(corpus: Iterable[str]) -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=True)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    return _trained(tokenizer, corpus, trainers.BpeTrainer, initial_alphabet=alphabet)


def _words(corpus: Iterable[str]) -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.WordLevel(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return _trained(tokenizer, corpus, trainers.WordLevelTrainer)


def _word_pieces(corpus: Iterable[str]) -> Any:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.WordPiece(unk_token="<unk>"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return _trained(tokenizer, corpus, trainers.WordPieceTrainer)


def _unigram(corpus: Iterable[str]) -> Any:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    return _trained(tokenizer, corpus, trainers.UnigramTrainer, unk_token="<unk>")


def _trained(tokenizer: Any, corpus: Iterable[str], trainer: Any, **options: Any) -> Any:
    from transformers import PreTrainedTokenizerFast

    trainer = trainer(vocab_size=8000, special_tokens=["<unk>", "<eos>"], show_progress=False, **options)
    tokenizer.train_from_iterator(corpus, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<eos>", unk_token="<unk>")


TOKENIZERS = {"words": _words, "byte-level BPE": _bpe, "WordPiece": _word_pieces, "Unigram": _unigram}
HEAD = "| tokenizer | characters a text | bare, MB per CPU-second | masked | unmasked | masked against bare |"
READING_HEAD = "| rows | length | full | plan, s | million tokens read per second |"


def line(row: dict[str, Any]) -> str:
    """A row of writing as Markdown."""
    reached = "" if row["masked"]["median"] >= TARGET else " (under target)"
    cells = [
        row["tokenizer"], str(row["characters"]), show(row["bare"]), f"**{show(row['masked'])}**{reached}",
        show(row["unmasked"]), show(row["share"]),
    ]  # fmt: skip
    return markdown.row(cells)


def reading_line(row: dict[str, Any]) -> str:
    """A row of reading as Markdown."""
    full, plan = f"{100 * row['full']:.0f} %", f"{row['plan_seconds']:.3f}"
    return markdown.row([row["mode"], str(row["length"]), full, plan, show(row["speed"], "{:.1f}")])


def table(result: dict[str, Any]) -> Iterable[str]:
    """Both tables in Markdown."""
    yield from markdown.table(HEAD, map(line, result["rows"]))
    yield ""
    yield from markdown.table(READING_HEAD, map(reading_line, result["reading"]))


if __name__ == "__main__":
    print("\n".join(table(run(4, lambda text: print(text, file=sys.stderr, flush=True)))))
