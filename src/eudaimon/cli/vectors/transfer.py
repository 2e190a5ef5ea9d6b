"""``eudaimon vectors transfer``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option

from eudaimon.cli.options import MODEL_HELP, Json, OneSite, Seed, WhichData, load_model
from eudaimon.cli.output import print_json, print_line, print_table
from eudaimon.cli.parse import check_direction_file, parse_site, words


def transfer(
    direction: Annotated[Path, Argument(help="A file with one direction.", show_default=False)],
    to: Annotated[str, Option("--to", help=f"Where to: {MODEL_HELP}", metavar="NAME", show_default=False)],
    data: WhichData,
    of: Annotated[
        str | None,
        Option("--from", help="The model it was made on. Default: as the file says.", metavar="NAME"),
    ] = None,
    device: Annotated[
        str | None, Option(help="cpu, cuda, cuda:1, mps; auto: divided over all GPUs.", metavar="NAME")
    ] = None,
    dtype: Annotated[str | None, Option(help="float32, bfloat16, float16.", metavar="NAME")] = None,
    how: Annotated[str, Option(help="Maps to try.", metavar="LIST")] = "ridge,procrustes",
    site: OneSite = None,
    seed: Seed = 0,
    out: Annotated[Path, Option(help="The file to write.", metavar="FILE")] = Path("transferred.safetensors"),
    as_json: Json = False,
) -> None:
    """Carry a direction to another model over the train rows; refused where it does not hold there."""
    from eudaimon.core import UsageError
    from eudaimon.data.selection import select
    from eudaimon.vectors.carry import carry
    from eudaimon.vectors.direction import Direction

    maps: Any = words(how)
    if not maps or any(name not in ("ridge", "procrustes") for name in maps):
        raise UsageError(f"--how {how}", right="ridge, procrustes, or both with a comma")
    check_direction_file(out)
    place = parse_site(site)
    carried = Direction.load(direction)
    splits = select(data.selection())
    made = carry(
        carried,
        load_model(of or carried.binding.name, None, device, dtype),
        load_model(to, None, device, dtype),
        splits.train,
        splits.calibration,
        how=maps,
        site=place,
        seed=seed,
    )
    made.save(out)
    found = made.extra["transfer"]
    if as_json:
        print_json({"path": str(out), "model": made.binding.name, "site": str(made.site), **found})
        return
    print_table(
        ("model", "layer", "map", "R2", "AUROC", "needed", "native AUROC"),
        [
            (
                made.binding.name,
                str(made.site),
                found["map"],
                found["r2"],
                f"{found['auroc']:.3f} [{found['auroc_low']:.3f}, {found['auroc_high']:.3f}]",
                found["auroc_needed"],
                found.get("native_auroc"),
            )
        ],
        title=f"Carried from {carried.binding.name}, layer {carried.site}",
    )
    print_line(f"Direction: {out}")
