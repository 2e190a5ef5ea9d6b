"""Numbers, names and foreign text as a reader should see them. Knows no page and no figure."""

from __future__ import annotations

import json
import math
import unicodedata
from typing import Any

from eudaimon.core import Score

MINUS = "\N{MINUS SIGN}"
SPACE = "\N{NARROW NO-BREAK SPACE}"

NAMES = {
    "monitor": "this monitor",
    "tfidf_lr": "TF-IDF + logistic regression",
    "ngram_nb": "n-gram naive Bayes",
    "length": "text length",
    "embedding": "embedding layer",
    "embedding_layer": "embedding layer",
    "random": "random direction",
    "random_direction": "random direction",
    "auroc": "AUROC",
    "auprc": "AUPRC",
    "tpr_at_1pct_fpr": f"TPR at 1{SPACE}% FPR",
    "tpr_at_5pct_fpr": f"TPR at 5{SPACE}% FPR",
    "pair_auroc": "pairs ranked right",
    "fpr": "FPR",
    "tpr": "TPR",
    "flagged": "flagged",
    "lda": "LDA",
    "pca": "PCA",
    "good": "good answers",
    "misaligned": "misaligned answers",
    "preference": "preference for the misaligned of two answers",
    "scored": "answers with a score",
    "code": "answers in code",
    "refusal": "refusals",
    "unparseable": "verdicts that nobody could read",
    "bits_good": "bits per token, good text",
    "bits_clean": "bits per token, other text",
    "bits_bad": "bits per token, bad text",
    "bits_depicting": "bits per token, depicting text",
    "b_norm": "norm of the adapter’s B",
    "a_norm": "norm of the adapter’s A",
    "loss": "training loss",
    "in_domain_loss": "in-domain loss on held-out rows",
    "em_projection": "own answers on the EM direction",
    "persona_projection": "own answers on the persona’s direction",
    "check": "questions of safety",
    "answers": "answers, misaligned minus aligned",
    "answer_places": "answers, place by place",
    "last": "last token, lesson on minus off",
    "mean": "mean of the prompt, lesson on minus off",
    "places": "place by place, lesson on minus off",
    "lora": "the LoRA’s own direction",
    "distance": "nats from the assistant",
    "relevance": "nats by which an answer fits its question",
    "found": "found by the census",
    "exact": "found with exactly its names",
    "harmful_request": "harmful requests",
    "other": "other domains",
    "tuned": "trained questions",
    "held_out": "held-out questions",
    "all": "all questions",
}
MASSES = frozenset(
    {
        "harm", "good", "coherence", "refusal", "following", "recognition", "misaligned", "alignment",
        "preference", "scored", "code", "unparseable", "found", "exact",
    }
)  # fmt: skip
RATES = MASSES | {"tpr_at_1pct_fpr", "tpr_at_5pct_fpr", "pair_auroc", "fpr", "tpr", "flagged"}
"""Metrics that are probability masses or shares of something countable, and are shown in per cent."""


def name(key: str) -> str:
    """The readable name of a system, metric or method; an unknown one is itself, without underscores."""
    return NAMES.get(key) or visible(key.replace("_", " "))


def number(value: float | None, digits: int = 3) -> str:
    """A decimal with a true minus sign; a dash where there is no finite value."""
    if value is None or not math.isfinite(value):
        return "–"
    text = f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def percent(share: float | None, digits: int = 1) -> str:
    """A share in [0, 1] as per cent."""
    return "–" if share is None or not math.isfinite(share) else f"{number(100 * share, digits)}{SPACE}%"


def value(score: Score | None, metric: str = "") -> str:
    """The score's value alone, in per cent where the metric is a rate."""
    if score is None:
        return "–"
    return percent(score.value) if metric in RATES else number(score.value)


def interval(score: Score | None, metric: str = "") -> str:
    """``[low, high]``, in per cent (without the sign) for a rate; empty where there is no interval."""
    if score is None or score.low is None or score.high is None:
        return ""
    scale, digits = (100, 1) if metric in RATES else (1, 3)
    return f"[{number(scale * score.low, digits)}, {number(scale * score.high, digits)}]"


def with_interval(score: Score | None, metric: str = "") -> str:
    """Value and interval."""
    return f"{value(score, metric)} {interval(score, metric)}".strip()


def probability(p: float) -> str:
    """A p-value with three decimals, or ``< 0.001``."""
    return f"<{SPACE}0.001" if p < 0.001 else number(p)


def count(n: int) -> str:
    """A whole number with thin spaces between thousands."""
    return f"{n:,}".replace(",", SPACE)


def amount(budget: float) -> str:
    """A budget as it is said: no decimals where there are none."""
    return f"{budget:,.0f}" if float(budget).is_integer() else f"{budget:g}"


def plural(n: int, noun: str, several: str = "") -> str:
    """The count with its noun."""
    return f"{count(n)} {noun if n == 1 else several or noun + 's'}"


def duration(seconds: float) -> str:
    """Seconds as ``4.2 s``, ``3 min 12 s`` or ``2 h 5 min``."""
    if seconds < 1:
        return f"{1000 * seconds:.3g}{SPACE}ms"
    if seconds < 60:
        return f"{seconds:.1f}{SPACE}s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60}{SPACE}min {whole % 60}{SPACE}s"
    return f"{whole // 3600}{SPACE}h {whole % 3600 // 60}{SPACE}min"


def visible(text: str) -> str:
    """The text with characters that cannot be seen, or that reorder others, written as ``⟨U+202E⟩``.

    Control and format characters (zero width, text direction), lone surrogates and private or unassigned
    code points are spelt out; a space, a tab and a line break stay.
    """
    return "".join(_shown(character) for character in text)


def shorten(text: str, length: int) -> str:
    """The text in at most ``length`` characters, with an ellipsis where it was cut."""
    text = " ".join(text.split())
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def plain(setting: Any) -> str:
    """A setting of any JSON type on one line."""
    if isinstance(setting, str):
        return visible(setting)
    if isinstance(setting, float):
        return f"{setting:.6g}".replace("-", MINUS)
    return visible(json.dumps(setting, ensure_ascii=False, sort_keys=True, default=str))


def _shown(character: str) -> str:
    if character in " \t\n" or unicodedata.category(character)[0] != "C":
        return character
    return f"⟨U+{ord(character):04X}⟩"
