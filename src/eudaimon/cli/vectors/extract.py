"""``eudaimon vectors extract``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from typer import Option

from eudaimon.cli.options import Json, OnePooling, OneSite, Paired, Seed, WhichData, WhichSubject
from eudaimon.cli.output import print_json, print_line, print_table
from eudaimon.cli.parse import check_direction_file, parse_pooling, parse_site

ATTENTION = "attention"


def extract(
    which: WhichSubject,
    data: WhichData,
    method: Annotated[
        str,
        Option(
            help="mean_difference, lda, logistic, pca, random_direction, tone (packaged persona prompts), "
            "attention (learned pooling over tokens).",
            metavar="NAME",
        ),
    ] = "mean_difference",
    site: OneSite = None,
    pooling: OnePooling = "mean",
    all_layers: Annotated[
        bool, Option("--all-layers", help="One direction at every layer, as control vectors have them.")
    ] = False,
    paired: Paired = False,
    seed: Seed = 0,
    out: Annotated[Path, Option(help="The file to write.", metavar="FILE")] = Path("direction.safetensors"),
    as_json: Json = False,
) -> None:
    """Fit a direction from safe to harmful on train rows; its layer is chosen on calibration rows."""
    from eudaimon.core import UsageError
    from eudaimon.data.selection import select
    from eudaimon.vectors import extraction

    check_direction_file(out)
    place, one_pooling = parse_site(site), parse_pooling(pooling)
    if method == ATTENTION and place is None:
        raise UsageError("attention is fitted at one layer", right="a layer of the model", do="--site 4")
    splits = select(data.selection())
    model = which.load()
    made: Any
    if method == ATTENTION and place is not None:
        made = extraction.extract_attention(model, splits.train, place, seed=seed)
        rows = [made]
    elif all_layers:
        sites = [place] if place else None
        made = extraction.extract_all(
            model, splits.train, method=method, sites=sites, pooling=one_pooling, paired=paired, seed=seed
        )
        rows = list(made)
    else:
        made = extraction.extract(
            model,
            splits.train,
            splits.calibration,
            method=method,
            site=place,
            poolings=[one_pooling],
            paired=paired,
            seed=seed,
        )
        rows = [made]
    made.save(out)
    described = [describe(row, method) for row in rows]
    if as_json:
        on = {"model": model.checkpoint.name, "adapters": list(model.binding.adapters)}
        print_json({"path": str(out), **on, "directions": described})
        return
    print_table(list(described[0]), [list(row.values()) for row in described])
    print_line(f"Directions: {out}")


def describe(row: Any, method: str) -> dict[str, Any]:
    """A direction's or probe's line in a table."""
    return {
        "method": method,
        "site": str(row.site),
        "pooling": getattr(row, "pooling", "learned"),
        "n_safe": row.n[0],
        "n_harmful": row.n[1],
        "norm": float(row.norm) if hasattr(row, "norm") else None,
        "data_hash": row.data_hash,
    }
