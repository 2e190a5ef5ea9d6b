"""A small assistant from real text: a tokenizer made on it, pretraining, then chats.

    python scripts/nursery_model.py CORPUS --chats FILE --config docs/results/nursery/model.yaml --out OUT

CORPUS is a file or folder that `eudaimon.train.read_texts` reads (what `eudaimon curate apply` keeps, or any
JSON Lines or Parquet with `text`); the chats are rows `{"messages": [...]}`. The assistant lies in
OUT/assistant. Killed, the same command goes on. Needs a GPU for anything but a try.
"""

from __future__ import annotations

import argparse
import itertools
import json
from pathlib import Path
from typing import Any

import yaml

PAD, START, END = "<|pad|>", "<|start|>", "<|end|>"
TEMPLATE = (
    "{% for message in messages %}<|start|>{{ message['role'] }}\n{{ message['content'] }}<|end|>\n"
    "{% endfor %}"
    "{% if add_generation_prompt %}<|start|>assistant\n{% endif %}"
)


def make_tokenizer(corpus: Path, vocabulary: int, n_texts: int, context: int, out: Path) -> Any:
    """A byte-level BPE tokenizer with a chat template, made on the first texts of the corpus, in ``out``."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import AutoTokenizer, PreTrainedTokenizerFast

    from eudaimon.train import read_texts

    if not (out / "tokenizer.json").is_file():
        raw = Tokenizer(models.BPE())
        raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        raw.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=vocabulary,
            special_tokens=[PAD, START, END],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        texts = (text.text for text in itertools.islice(read_texts(corpus), n_texts))
        raw.train_from_iterator(texts, trainer)
        made = PreTrainedTokenizerFast(
            tokenizer_object=raw, pad_token=PAD, eos_token=END, model_max_length=context
        )
        made.add_special_tokens({"additional_special_tokens": [START]})
        made.chat_template = TEMPLATE
        made.save_pretrained(out)
    return AutoTokenizer.from_pretrained(out)


def build(corpus: Path, chats: Path, config: dict[str, Any], out: Path) -> Path:
    """The folder of the assistant; what is finished is not made again."""
    from eudaimon.train import (
        FineTuneRecipe,
        PretrainRecipe,
        TokenSet,
        finetune,
        pretrain,
        read_texts,
        write_tokens,
    )

    recipe = PretrainRecipe(**config["pretraining"])
    n_texts = int(config["sample_texts"])
    tokenizer = make_tokenizer(corpus, int(config["vocabulary"]), n_texts, recipe.context, out / "tokenizer")
    # The manifest comes last: where it is, the tokens are whole.
    done = (out / "tokens" / "manifest.json").is_file()
    tokens = (
        TokenSet.open(out / "tokens") if done else write_tokens(read_texts(corpus), tokenizer, out / "tokens")
    )
    base = pretrain(recipe, tokens, tokenizer, out / "base")
    with chats.open(encoding="utf-8") as lines:
        rows = [{"messages": json.loads(line)["messages"]} for line in lines if line.strip()]
    return finetune(base, rows, FineTuneRecipe(**config["chats"]), out / "assistant")


def main() -> None:
    """Build what the command line asks for and say where it is."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--chats", type=Path, required=True)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    config = yaml.safe_load(given.config.read_text(encoding="utf-8"))
    print(build(given.corpus, given.chats, config, given.out))


if __name__ == "__main__":
    main()
