"""``eudaimon monitor calibrate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from typer import Option

from eudaimon.cli.options import Adapters, Device, Dtype, Json, Seed
from eudaimon.cli.output import print_json, print_line


def calibrate(
    model: Annotated[str, typer.Argument(help="The model that is served: a local folder or a hub id.")],
    monitor: Annotated[Path, Option("--monitor", help="File that `monitor fit` wrote.", metavar="FILE")],
    chats: Annotated[
        str,
        Option(
            "--chats",
            help='Harmless talk: rows {"messages": [...]}, one a question. town: that of the town in which '
            "the run above MODEL raised it; town:RUN: of that run's; town:all: of all domains.",
            metavar="FILE",
        ),
    ],
    out: Annotated[Path, Option("--out", help="File of the thresholds.", metavar="FILE")] = Path(
        "guard.json"
    ),
    fpr: Annotated[
        float, Option("--fpr", help="Share of harmless talk that may be flagged.", metavar="RATE")
    ] = 0.01,
    hold_back: Annotated[
        int,
        Option("--hold-back", min=0, help="Tokens that are kept back while an answer grows.", metavar="N"),
    ] = 4,
    answers: Annotated[
        Path | None,
        Option("--answers", help="File of another monitor that reads the answers.", metavar="FILE"),
    ] = None,
    direction: Annotated[
        Path | None,
        Option("--direction", help="Persona direction whose drift is bounded too.", metavar="FILE"),
    ] = None,
    max_new_tokens: Annotated[
        int, Option("--max-tokens", min=1, help="Longest answer to chats that have none.", metavar="N")
    ] = 256,
    adapters: Adapters = None,
    device: Device = None,
    dtype: Dtype = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Set the thresholds of a served monitor on harmless talk, read as `eudaimon serve` reads it.

    The highest of many looks at an answer is another number than the score of a whole text: this sets a
    threshold for each. A chat without an answer is answered by the model.
    """
    from eudaimon.cli.parse import parse_adapters
    from eudaimon.models.adapters.opening import open_stack
    from eudaimon.monitor.storage import load_monitor
    from eudaimon.serve.local.calibrating import calibrate as calibrated
    from eudaimon.serve.local.chats import chats_of
    from eudaimon.vectors.conversion import read_directions

    talk, whence = chats_of(chats, model)
    found = read_directions(direction) if direction is not None else None
    opened = open_stack(model, parse_adapters(adapters), device=device, dtype=dtype)
    made = calibrated(
        load_monitor(monitor, opened),
        talk,
        fpr=fpr,
        whence=whence,
        hold_back=hold_back,
        direction=None if found is None else found.directions[len(found) // 2],
        max_new_tokens=max_new_tokens,
        seed=seed,
        answers=load_monitor(answers, opened) if answers is not None else None,
    )
    made.save(out)
    if as_json:
        print_json(made.model_dump(mode="json"))
        return
    print_line(f"asked   flagged from {made.input:.4f}")
    print_line(f"answer  flagged from {made.output:.4f} while it grows, from {made.whole:.4f} as a whole")
    if made.drift is not None:
        print_line(f"drift   alert from {made.drift:.4g}")
    print_line(made.promise)
    print_line(f"Written: {out}")
