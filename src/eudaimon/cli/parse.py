"""What the words of a shell mean: lists, pairs, adapters, layers, poolings, numbers, names of files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eudaimon.core import Pooling, Site
    from eudaimon.models.adapters.adapter import AdapterStack


def check_direction_file(path: Path) -> None:
    """Nothing, or a `UsageError` before the work: directions are read by the ends of their files' names."""
    from eudaimon.core import UsageError

    if path.suffix != ".safetensors":
        raise UsageError(f"--out {path}", right="a name in .safetensors", do=f"--out {path}.safetensors")


def words(text: str | None) -> tuple[str, ...]:
    """The words of a list with commas; none for None."""
    return tuple(word.strip() for word in (text or "").split(",") if word.strip())


def pairs(words: Sequence[str], option: str) -> dict[str, str]:
    """Names and values of words such as ``key=value``; raises `UsageError` on any other word."""
    from eudaimon.core import UsageError

    found = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"{option} {word}", right="a name and a value", do=f"{option} KEY=VALUE")
        found[key.strip()] = value.strip()
    return found


def parse_adapters(text: str | None) -> AdapterStack:
    """The stack of a list such as ``persona=FOLDER,em=FOLDER``; a folder alone is named as its last part.

    Raises `UsageError` for a folder that holds no plain LoRA and a name that stands there twice.
    """
    from eudaimon.models.adapters.adapter import Adapter, as_stack

    found = []
    for word in words(text):
        name, equals, folder = word.partition("=")
        place = Path(folder if equals else word).expanduser()
        found.append(Adapter(name if equals else re.sub(r"[^A-Za-z0-9_-]", "-", place.name), place))
    return as_stack(found)


def parse_sites(text: str | None) -> tuple[Site, ...] | None:
    """The sites of a list such as ``1,2,3.mlp``; None for None."""
    from eudaimon.core import Site

    return tuple(Site.parse(word) for word in words(text)) or None


def parse_site(text: str | None) -> Site | None:
    """The site written as ``4`` or ``4.mlp``; None for None."""
    from eudaimon.core import Site

    return Site.parse(text) if text else None


def parse_poolings(text: str | None) -> tuple[Pooling, ...]:
    """The poolings of a list such as ``mean,max``; raises `UsageError` on any other word."""
    from eudaimon.core import UsageError

    known = ("mean", "last", "max", "softmax")
    found = words(text)
    for word in found:
        if word not in known:
            raise UsageError(f"there is no pooling {word!r}", right=f"one or more of {', '.join(known)}")
    return found  # type: ignore[return-value]


def parse_pooling(text: str) -> Pooling:
    """One pooling; raises `UsageError` on none or several."""
    from eudaimon.core import UsageError

    found = parse_poolings(text)
    if len(found) != 1:
        raise UsageError(f"--pooling {text}", right="one pooling", do="--pooling mean")
    return found[0]


def parse_numbers(text: str | None, option: str, *, whole: bool = False) -> tuple[float, ...]:
    """The numbers of a list such as ``-2,0.5``; raises `UsageError`, naming the option, on anything else."""
    from eudaimon.core import UsageError

    found = []
    for word in words(text):
        try:
            number = float(int(word)) if whole else float(word)
        except ValueError as error:
            kind = "whole numbers" if whole else "numbers"
            raise UsageError(f"{word!r} in {option} is no number", right=f"{kind} with commas") from error
        found.append(number)
    return tuple(found)
