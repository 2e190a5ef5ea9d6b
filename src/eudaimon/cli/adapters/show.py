"""``eudaimon adapters show``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument

from eudaimon.cli.options import Json
from eudaimon.cli.output import print_json, print_line, print_table

if TYPE_CHECKING:
    from eudaimon.models.adapters.origin import Origin
    from eudaimon.models.adapters.updates import ModuleUpdate


def show(
    folder: Annotated[Path, Argument(help="A folder that PEFT wrote.", show_default=False)],
    as_json: Json = False,
) -> None:
    """Show an adapter's rank, its modules with the norms of their updates, its base and its fingerprint."""
    from eudaimon.models.adapters.updates import summary

    found = summary(folder)
    if as_json:
        print_json(
            {
                "folder": str(folder),
                "fingerprint": found.fingerprint,
                "ranks": found.ranks,
                "alpha": found.alpha,
                "rslora": found.rslora,
                "norm": found.norm,
                "modules": [asdict(module) for module in found.modules],
                "origin": found.origin.model_dump(mode="json") if found.origin else None,
            }
        )
        return
    ranks = ", ".join(map(str, found.ranks))
    print_line(
        f"{folder}: {found.fingerprint}, rank {ranks}, alpha {found.alpha:g}"
        f"{' (rank-stabilised)' if found.rslora else ''}, norm {found.norm:.4g}"
    )
    print_line(told(found.origin))
    kinds: dict[str, list[ModuleUpdate]] = {}
    for module in found.modules:
        kinds.setdefault(module.module.rpartition(".")[2], []).append(module)
    print_table(
        ("module", "layers", "least norm", "greatest norm"),
        [
            (kind, len(own), min(each.norm for each in own), max(each.norm for each in own))
            for kind, own in kinds.items()
        ],
    )


def told(origin: Origin | None) -> str:
    """Where an adapter comes from, in one line."""
    if origin is None:
        return "Nobody wrote down on which base it was trained."
    base = f"{origin.base_name or 'a base'} ({origin.base or 'no fingerprint'})"
    if origin.random_like:
        return f"Random, with the norms of {origin.random_like}, by seed {origin.random_seed}; for {base}."
    beside = f", beside {', '.join(origin.stack)}" if origin.stack else ""
    return f"Trained on {base}{beside}, from seed {origin.init_seed}."
