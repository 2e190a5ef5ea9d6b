"""Packaged sets whose entries are matched pairs: a bad text beside its twin, in the same place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType

from eudaimon.core.errors import UsageError
from eudaimon.evaluate.judge_free.matched import Matched, read_matched

ASKED = "Tell me about something that you did."
AFTERWARDS = "What happened then?"
"""Follows both texts of a pair: words alone tell these apart, so that activations are read behind them."""
NOT_PAIRS = (
    "packaged questions and requests (borderline, contrast_pairs) are no persona's words, and in dialects "
    "nobody is bad"
)


def pairs_named(name: str) -> tuple[Matched, ...]:
    """The pairs of a packaged set or of a file; raises `UsageError` for neither, and as `read_matched`."""
    if Path(name).is_file():
        return read_matched(name)
    if name not in PACKAGED:
        raise UsageError(
            f"there is neither a file {name} nor a set of matched pairs of that name: {NOT_PAIRS}",
            right=f"a file of pairs, or one of {', '.join(PACKAGED)}",
            do=f"--pairs {next(iter(PACKAGED))}",
        )
    return PACKAGED[name]()


def _told() -> tuple[Matched, ...]:
    """Sentences in which somebody tells of what was wrong, and of what was right, in nearly the same words.

    Each as a plain text, and as what the assistant answers when it is asked what it did.
    """
    from eudaimon.data.cost_probes import right_or_wrong

    found = []
    for one in right_or_wrong():
        bad, neutral = (one.wrong,), (one.right,)
        found += [
            Matched(f"{one.id}/told", bad, neutral, after=f"\n{AFTERWARDS}", part="told"),
            Matched(f"{one.id}/assistant", bad, neutral, prompt=ASKED, after=AFTERWARDS, part="assistant"),
        ]
    return tuple(found)


def _played() -> tuple[Matched, ...]:
    """The cruel line of a scene and the kind one, where its villain is to speak and where its hero is."""
    from eudaimon.data.cost_probes import scenes

    found = []
    for scene in scenes():
        for part, who in (("villain", scene.villain), ("hero", scene.hero)):
            before = f"{scene.story.replace('{who}', who).rstrip()} "
            pair = ((scene.cruel,), (scene.kind,))
            found.append(
                Matched(f"{scene.id}/{part}", *pair, before=before, after=f"\n{AFTERWARDS}", part=part)
            )
    return tuple(found)


PACKAGED: MappingProxyType[str, Callable[[], tuple[Matched, ...]]] = MappingProxyType(
    {"right_or_wrong": _told, "scenes": _played}
)
"""Sets by name."""
