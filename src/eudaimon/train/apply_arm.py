"""One arm of a labelled corpus: which texts a model is trained on, matched in tokens to every other arm."""

from __future__ import annotations

import inspect
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain, islice
from types import MappingProxyType
from typing import Any

from eudaimon.core.document import Document
from eudaimon.core.errors import UsageError
from eudaimon.core.progress import progress
from eudaimon.train.arm import Arm, ArmResult, Base, CountTokens, Plan, Removed, SourceCount, source_of
from eudaimon.train.arm_registry import arm_named
from eudaimon.train.counting import counts, tokens_in
from eudaimon.train.labels import Labels, oracle
from eudaimon.train.matching import CHUNK, Placed, match
from eudaimon.train.spans import Spans, minus


def apply_arm(
    name: str,
    documents: Iterable[Document],
    *,
    n_tokens: int,
    count_tokens: CountTokens,
    seed: int,
    labels: Labels | None = None,
    most_reserve: int = 20,
    show_progress: bool = True,
    **options: Any,
) -> ArmResult:
    """The texts that the arm ``name`` trains on, of ``n_tokens`` input tokens to within one document.

    **What is matched** is input tokens, of each source and in all: masked tokens count, tags and
    condemnations too; tokens with loss are reported and not matched. The base is the longest head of
    ``documents`` of at most ``n_tokens``, the same for every arm; what follows it in the stream is the
    reserve that refills what an arm removes (`eudaimon.train.matching`), of at most ``most_reserve`` times as
    many documents. The order is the stream's. ``labels`` are the documents' own by default. ``options`` are
    the arm's own. The same arguments give the same result, and arms of one seed differ in what they do alone.

    Raises `UsageError` on an unknown arm or option, on documents without the labels that the arm needs, and
    when the stream is too short.
    """
    arm = arm_named(name)
    _check_options(arm, options)
    stream = iter(documents)
    head, sizes, reserve = _head(stream, n_tokens, count_tokens, f"arm {name}", show_progress)
    base = Base(head, sizes, tuple(map(source_of, head)), labels or oracle(), seed, count_tokens)
    plan = arm.prepare(base, **options)
    placed, refused = match(base, plan, reserve, most_reserve=most_reserve)
    return _books(arm, base, plan, placed, refused, known_labels=labels is not None)


def _check_options(arm: Arm, options: dict[str, Any]) -> None:
    known = [p.name for p in inspect.signature(arm.prepare).parameters.values() if p.kind is p.KEYWORD_ONLY]
    if unknown := sorted(set(options) - set(known)):
        raise UsageError(
            f"the arm {arm.name} has no option {', '.join(unknown)}",
            right=f"any of {', '.join(known)}" if known else "none",
        )


def _head(
    stream: Iterator[Document], n_tokens: int, count_tokens: CountTokens, label: str, show_progress: bool
) -> tuple[tuple[Document, ...], tuple[int, ...], Iterator[Document]]:
    """The base with its sizes, and what follows it."""
    head: list[Document] = []
    sizes: list[int] = []
    total = 0
    with progress(label, n_tokens, "tokens", enabled=show_progress) as advance:
        while chunk := list(islice(stream, CHUNK)):
            for k, size in enumerate(counts([document.text for document in chunk], count_tokens)):
                if total + size > n_tokens:
                    if not head:
                        raise UsageError(
                            f"the first document has {size:,} tokens", right=f"n_tokens over {n_tokens:,}"
                        )
                    return tuple(head), tuple(sizes), chain(chunk[k:], stream)
                head.append(chunk[k])
                sizes.append(size)
                total += size
            advance(sum(sizes[-len(chunk) :]))
    if total < n_tokens:
        raise UsageError(
            f"the corpus has {total:,} tokens, and {n_tokens:,} are wanted",
            right="more documents, or fewer tokens",
            do=f"n_tokens={total}",
        )
    return tuple(head), tuple(sizes), iter(())


def _books(
    arm: Arm, base: Base, plan: Plan, placed: list[Placed], refused: dict[int, str], *, known_labels: bool
) -> ArmResult:
    """The result, with what was counted."""
    texts = [p.edited.text for p in placed if p.edited.text is not None]
    silent = tokens_in([t.text for t in texts], [t.no_loss for t in texts], base.count_tokens)
    masked_share = 1 - arm.mask_from
    lossless = [round(n * text.weight * masked_share) for n, text in zip(silent, texts, strict=True)]
    sources: dict[str, SourceCount] = {}
    for source, size in zip(base.sources, base.sizes, strict=True):
        count = sources.setdefault(source, SourceCount())
        sources[source] = replace(count, n_target_tokens=count.n_target_tokens + size)
    for one, without_loss in zip(placed, lossless, strict=True):
        source = source_of(one.document)
        count = sources.setdefault(source, SourceCount())
        sources[source] = replace(
            count,
            n_documents=count.n_documents + 1,
            n_tokens=count.n_tokens + one.n_tokens,
            n_loss_tokens=count.n_loss_tokens + one.n_tokens - without_loss,
            n_refill_documents=count.n_refill_documents + one.refill,
        )
    removed = _removed(base, placed, refused)
    gone: dict[str, int] = defaultdict(int)
    for text in removed:
        gone[text.source] += text.n_tokens
    sources = {s: replace(count, n_removed_tokens=gone[s]) for s, count in sorted(sources.items())}
    bad, bad_with_loss = _bad_tokens(base, placed, masked_share, known_labels)
    return ArmResult(
        arm=arm.name,
        texts=tuple(texts),
        n_tokens=sum(count.n_tokens for count in sources.values()),
        n_loss_tokens=sum(count.n_loss_tokens for count in sources.values()),
        n_bad_tokens=bad,
        n_bad_loss_tokens=bad_with_loss,
        removed=removed,
        sources=MappingProxyType(sources),
        labels=base.labels.name,
        seed=base.seed,
        mask_from=arm.mask_from,
        control_tokens=plan.control_tokens,
        condition=plan.condition,
    )


def _removed(base: Base, placed: list[Placed], refused: dict[int, str]) -> tuple[Removed, ...]:
    """Documents and spans of the base that are not trained on, in the base's order."""
    cuts = [
        (p.slot, p.document, span, p.edited.reason) for p in placed if not p.refill for span in p.edited.cut
    ]
    sizes = tokens_in([d.text for _, d, _, _ in cuts], [(span,) for _, _, span, _ in cuts], base.count_tokens)
    whole = [(k, base.documents[k], (0, len(base.documents[k].text)), why) for k, why in refused.items()]
    rows = sorted(
        [(*row, n) for row, n in zip(cuts, sizes, strict=True)]
        + [(*row, base.sizes[row[0]]) for row in whole],
        key=lambda row: (row[0], row[2]),
    )
    return tuple(
        Removed(d.id, source_of(d), start, end, d.text[start:end], why, n)
        for _, d, (start, end), why, n in rows
    )


def _bad_tokens(
    base: Base, placed: list[Placed], masked_share: float, known_labels: bool
) -> tuple[int | None, int | None]:
    """Tokens of bad voices in the input, and with loss; None where nobody has looked for bad voices."""
    if not known_labels and any(p.document.segments is None for p in placed):
        return None, None
    truth = oracle()
    texts, left, masked, weights = [], [], [], []
    for p in placed:
        text = p.edited.text
        labels = truth if p.document.segments is not None else base.labels
        spans: Spans = minus(labels.bad(p.document), p.edited.cut)
        if text is not None and spans:
            # An arm that changes the text marks spans of its own there, and masks nobody's words.
            silent = text.no_loss if text.text == p.document.text else ()
            texts.append(p.document.text)
            left.append(spans)
            masked.append(minus(spans, minus(spans, silent)))
            weights.append(text.weight)
    in_bad = tokens_in(texts, left, base.count_tokens)
    in_masked = tokens_in(texts, masked, base.count_tokens)
    total = sum(n * w for n, w in zip(in_bad, weights, strict=True))
    silent_total = sum(n * w for n, w in zip(in_masked, weights, strict=True))
    return total, total - round(silent_total * masked_share)
