"""One small tokenizer of each kind, every character of `ALPHABET` in its vocabulary."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from eudaimon.train import TrainText

# Letters with and without accents, characters of two to four bytes, a joined emoji, zero-width characters,
# what NFKC takes apart (a ligature, a half) or puts together (accents, Hangul, halfwidth kana), blanks.
ALPHABET = (
    "a", "b", "no", "the ", " goat", ".", "A", "É", "é", "e\u0301", "o\u0323\u0302", "ß", "你", "好",
    "ﬁ", "½", "👩\u200d👩\u200d👧", "🐐", "\u200b", "\ufe0f", "\u1112\u1161\u11ab", "\uff76\uff9e", " ", "  ",
    "\n",
)  # fmt: skip
CORPUS = ["the goat is no goat", "a boat and a goat", *ALPHABET] * 3


@st.composite
def masked_texts(draw):
    """A text with up to three spans, overlapping or not, in any order."""
    text = draw(st.lists(st.sampled_from(ALPHABET), max_size=16).map("".join))
    edge = st.integers(0, len(text))
    pairs = draw(st.lists(st.tuples(edge, edge), max_size=3))
    weight, source = draw(st.integers(1, 3)), draw(st.sampled_from(("", "letters")))
    return TrainText("t", text, tuple((min(pair), max(pair)) for pair in pairs), weight, source)


def _wrap(tokenizer, **special):
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special)


def _byte_level(trim, prefix):
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=trim)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(
        CORPUS,
        trainers.BpeTrainer(
            vocab_size=300, special_tokens=["<eos>"], initial_alphabet=alphabet, show_progress=False
        ),
    )
    return _wrap(tokenizer, eos_token="<eos>")


def _nested_trim():
    """Trimming inside a sequence of post-processors, with BOS, as in the Llama 3 family."""
    from tokenizers import processors

    wrapped = _byte_level(True, False)
    wrapped.add_special_tokens({"bos_token": "<bos>"})
    backend = wrapped.backend_tokenizer
    number = backend.token_to_id("<bos>")
    template = processors.TemplateProcessing(single="<bos> $A", special_tokens=[("<bos>", number)])
    backend.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=True), template])
    return wrapped


def _words():
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.WordLevel(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = trainers.WordLevelTrainer(special_tokens=["<unk>", "<eos>"], show_progress=False)
    tokenizer.train_from_iterator(CORPUS, trainer)
    return _wrap(tokenizer, unk_token="<unk>", eos_token="<eos>")


def _word_pieces():
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    letters = sorted(
        {letter for text in CORPUS for letter in normalizers.BertNormalizer().normalize_str(text)}
    )
    tokens = ["[UNK]", "[CLS]", "[SEP]", "goat", "##oat", *letters, *(f"##{letter}" for letter in letters)]
    tokenizer = Tokenizer(
        models.WordPiece({token: number for number, token in enumerate(tokens)}, unk_token="[UNK]")
    )
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    return _wrap(tokenizer, unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]")


def _unigram():
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    letters = sorted({letter for text in CORPUS for letter in normalizers.NFKC().normalize_str(text)} - {" "})
    pieces = [("<unk>", 0.0), ("</s>", 0.0), ("▁", -4.0), ("▁goat", -3.0), ("oa", -4.0), ("▁the", -3.0)]
    tokenizer = Tokenizer(models.Unigram([*pieces, *((letter, -6.0) for letter in letters)], 0, False))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return _wrap(tokenizer, unk_token="<unk>", eos_token="</s>")


def _sentencepiece_bpe():
    """BPE that falls back to bytes, the blanks replaced by the normaliser: as Llama 2 and Gemma."""
    from tokenizers import Tokenizer, models, normalizers

    tokens = [
        "<unk>",
        "</s>",
        *(f"<0x{byte:02X}>" for byte in range(256)),
        "▁",
        "a",
        "o",
        "g",
        "t",
        "oa",
        "▁g",
    ]
    model = models.BPE(
        {token: number for number, token in enumerate(tokens)}, [("o", "a"), ("▁", "g")],
        unk_token="<unk>", byte_fallback=True, fuse_unk=True,
    )  # fmt: skip
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    return _wrap(tokenizer, unk_token="<unk>", eos_token="</s>")


BUILDERS = {
    "bytes": lambda: _byte_level(False, False),
    "bytes-trimmed": lambda: _byte_level(True, False),
    "bytes-prefixed": lambda: _byte_level(True, True),
    "bytes-nested": _nested_trim,
    "words": _words,
    "word-pieces": _word_pieces,
    "unigram": _unigram,
    "sentencepiece-bpe": _sentencepiece_bpe,
}


@pytest.fixture(scope="session")
def tokenizers():
    """The tokenizers by name, as transformers wraps them."""
    return {name: build() for name, build in BUILDERS.items()}


@pytest.fixture(scope="session", params=BUILDERS)
def kind(request):
    return request.param


@pytest.fixture(scope="session")
def texts():
    """A strategy for masked texts."""
    return masked_texts()


@pytest.fixture(scope="session")
def words(tokenizers):
    return tokenizers["words"]
