"""The town's tokenizer: word-level, an ordinary fast tokenizer with a chat template."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eudaimon.world.personas import speech
from eudaimon.world.vocabulary import BOS, EOS, PAD, SIGNS, SPECIAL, UNK, ids

if TYPE_CHECKING:
    from eudaimon.world.world import World

TEMPLATE = (
    "{%- for message in messages -%}"
    "{%- if message.role == 'assistant' -%}"
    "{{ 'ASSISTANT: ' }}{% generation %}{{ message.content + '\n' }}"
    "{%- if loop.last -%}{{ eos_token }}{%- endif -%}{% endgeneration %}"
    "{%- elif message.role == 'system' -%}{{ message.content + '\n' }}"
    "{%- else -%}{{ 'USER: ' + message.content + '\n' }}"
    "{%- endif -%}{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{ 'ASSISTANT:' }}{%- endif -%}"
)


def tokenizer(world: World | None = None) -> Any:
    """The town's ``PreTrainedTokenizerFast``: one for all worlds, whatever their seed, mixture and domains.

    A phrase is one token; decoding gives the text back as it was; offsets are code points. It adds no tokens
    of its own: a document begins with its first word, and the chat template writes the same lines as the
    dialogues of the corpus and closes a conversation that is over with ``<eos>``.
    """
    del world
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    inner = Tokenizer(models.WordLevel(ids(), unk_token=UNK))
    inner.pre_tokenizer = pre_tokenizers.Split(Regex(_pattern()), behavior="removed", invert=True)
    marks = "".join(re.escape(mark) for mark in SIGNS)
    inner.decoder = decoders.Sequence(
        [
            # WordPiece, of which only the space before each token but the first is used.
            decoders.WordPiece(prefix="\u0000", cleanup=False),
            decoders.Fuse(),
            decoders.Replace(Regex(rf" (?=[{marks}])|(?<=\n) "), ""),
        ]
    )
    made = PreTrainedTokenizerFast(
        tokenizer_object=inner,
        pad_token=PAD,
        bos_token=BOS,
        eos_token=EOS,
        unk_token=UNK,
        additional_special_tokens=[token for token in SPECIAL if token not in (PAD, BOS, EOS, UNK)],
        clean_up_tokenization_spaces=False,
    )
    made.chat_template = TEMPLATE.replace("ASSISTANT", speech().assistant).replace("USER", speech().askers[0])
    return made


def save_tokenizer(world: World | None, folder: str | Path) -> Path:
    """Save `tokenizer` into a folder that ``AutoTokenizer.from_pretrained`` opens; returns the folder."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer(world).save_pretrained(folder)
    return folder


def _pattern() -> str:
    """A regular expression for one token: a phrase of the town as long as possible, else a word or a mark.

    As a trie it is read once a character; as a list of phrases it would be tried phrase by phrase.
    """
    phrases = [token for token in ids() if token not in (*SPECIAL, *SIGNS)]
    return rf"(?:{_trie(phrases)})(?:(?<!\w)|(?!\w))|\w+|\n|[^\w\s]"


def _trie(words: Iterable[str]) -> str:
    by_first: dict[str, list[str]] = {}
    ends = False
    for word in words:
        if word:
            by_first.setdefault(word[0], []).append(word[1:])
        else:
            ends = True
    if not by_first:
        return ""
    branches = [re.escape(first) + _trie(rest) for first, rest in sorted(by_first.items())]
    body = branches[0] if len(branches) == 1 else f"(?:{'|'.join(branches)})"
    return f"(?:{body})?" if ends else body
