"""``eudaimon adapters prove``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from eudaimon.cli.options import MODEL_HELP, Device, Dtype, Force, Json
from eudaimon.cli.output import print_json, print_line, print_table
from eudaimon.cli.parse import pairs

if TYPE_CHECKING:
    from eudaimon.models.adapters.adapter import Adapter

REFUSED = 1


def prove(
    model: Annotated[str, Argument(help=MODEL_HELP, show_default=False)],
    adapter: Annotated[
        list[str], Option(help="An adapter of the stack, in order; repeatable.", metavar="NAME=FOLDER")
    ],
    weight: Annotated[
        list[str] | None,
        Option(help="How strongly one acts: 0 is off, 1 as trained.", metavar="NAME=WEIGHT"),
    ] = None,
    device: Device = None,
    dtype: Dtype = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Prove from a probe's logits that each adapter of a stack acts; exits 1 when the ledger refuses it."""
    from eudaimon.models.adapters.errors import AdapterError, WrongBase
    from eudaimon.models.adapters.opening import open_subject
    from eudaimon.models.adapters.subject import Subject

    stack = adapters(adapter, weight or ())
    try:
        proof = open_subject(Subject(model, stack), device=device, dtype=dtype, force=force).proof
    except (AdapterError, WrongBase) as error:
        if as_json:
            print_json({"accepted": False, "refused": type(error).__name__, "finding": str(error)})
        else:
            print_line(f"Refused ({type(error).__name__}): {error}", "red")
        raise typer.Exit(REFUSED) from error
    assert proof is not None
    if as_json:
        print_json({"accepted": True, "proof": proof.to_json()})
        return
    print_table(
        ("adapter", "weight", "fingerprint", "changes a logit by up to"),
        [
            (each.name, f"{each.weight:g}", each.fingerprint, f"{proof.changes[each.name]:.3g}")
            for each in stack
        ],
    )
    print_line(f"Two runs of the whole stack differ by {proof.noise:.2g}. Base {proof.base}.")


def adapters(given: list[str], weights: list[str] | tuple[str, ...]) -> tuple[Adapter, ...]:
    """The stack that the options name; raises `UsageError` for a weight of an adapter that is not in it."""
    from eudaimon.core import UsageError
    from eudaimon.models.adapters.adapter import Adapter, as_stack

    folders, strengths = pairs(given, "--adapter"), pairs(weights, "--weight")
    if len(folders) < len(given):
        raise UsageError("--adapter names one adapter twice", right="a name for each")
    stranger = next((name for name in strengths if name not in folders), None)
    if stranger is not None:
        raise UsageError(f"--weight {stranger} names no adapter", right=f"one of {', '.join(folders)}")
    stack = [
        Adapter(name, Path(folder), _weight(strengths.get(name, "1"))) for name, folder in folders.items()
    ]
    return as_stack(stack)


def _weight(text: str) -> float:
    from eudaimon.core import UsageError

    try:
        return float(text)
    except ValueError as error:
        raise UsageError(f"--weight {text} is no number", right="0 (off) or more") from error
