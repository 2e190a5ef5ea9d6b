"""The scorer of a run: by a name that every process can open, or at hand."""

from __future__ import annotations

from importlib import import_module

from eudaimon.core.errors import UsageError
from eudaimon.curate.scorer import Scorer, open_scorer

_open: dict[tuple[str, str], Scorer] = {}


def scorer_named(name: str) -> Scorer:
    """The scorer of a name of `open_scorer`, or of ``package.module:function``, which returns one.

    Raises `UsageError` where there is none.
    """
    module, colon, attribute = name.partition(":")
    if not colon or not all(part.isidentifier() for part in (*module.split("."), attribute)):
        return open_scorer(name)
    try:
        found = getattr(import_module(module), attribute)()
    except (ImportError, AttributeError) as error:
        raise UsageError(
            f"there is no scorer {name}: {error}", right="a function without arguments that can be imported"
        ) from error
    if not isinstance(found, Scorer):
        raise UsageError(f"{name} returns no scorer", right="an object with hash, score and costs")
    return found


def modules_of(name: str) -> tuple[str, ...]:
    """Modules that take long to import and that the scorer of this name will need."""
    stage = "fasttext" if name.endswith(".bin") else "stage1"
    return f"eudaimon.curate.stages.{stage}", "numba"


def scorer_of_run(name: str, hash: str) -> Scorer:
    """The scorer of a planned run, opened once in each process; raises `UsageError` if it changed since."""
    if (name, hash) not in _open:
        scorer = scorer_named(name)
        if scorer.hash != hash:
            raise UsageError(
                f"the scorer {name} is {scorer.hash} here and was {hash} when the run was planned",
                right="the same model for all workers of a run",
                do="run the command again",
            )
        _open.clear()
        _open[name, hash] = scorer
    return _open[name, hash]


def forget() -> None:
    """Have `scorer_of_run` open its scorer anew."""
    _open.clear()
