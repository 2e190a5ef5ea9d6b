"""``eudaimon chat``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from eudaimon.cli.chat.conversation import converse
from eudaimon.cli.chat.screens import JsonLines, Terminal
from eudaimon.cli.failures import MISTAKE
from eudaimon.cli.options import MODEL_HELP, Device, Dtype, Force, Json, Seed, System
from eudaimon.cli.parse import parse_adapters, words


def chat(
    model: Annotated[str, Argument(help=MODEL_HELP, show_default=False)],
    adapters: Annotated[
        str | None,
        Option(
            help="Adapters to switch, in order: persona=FOLDER,em=FOLDER, or folders alone.", metavar="LIST"
        ),
    ] = None,
    off: Annotated[str | None, Option(help="Adapters that start switched off.", metavar="NAMES")] = None,
    monitor: Annotated[
        Path | None, Option(help="A monitor that scores each question and answer.", metavar="FILE")
    ] = None,
    system: System = None,
    temperature: Annotated[float, Option(min=0.0, help="0 takes the likeliest token.")] = 0.7,
    top_p: Annotated[float, Option(min=0.0, max=1.0, help="Nucleus of sampling.")] = 0.95,
    max_new_tokens: Annotated[int, Option(min=1, help="Longest answer.", metavar="N")] = 256,
    seed: Seed = 0,
    device: Device = None,
    dtype: Dtype = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Talk with a model while its adapters, steering and monitor are switched by commands such as /off em.

    Each line of standard input is a question or a command; /help lists the commands. Ctrl-C stops an answer,
    the end of the input ends the chat. Exits 2 when a command of an input that is no terminal was a mistake.
    """
    from eudaimon.chat.chat import open_chat
    from eudaimon.chat.settings import Settings

    settings = Settings(temperature, top_p, max_new_tokens, seed, system)
    stack = parse_adapters(adapters)
    opened = open_chat(
        model, stack, off=words(off), settings=settings, device=device, dtype=dtype, force=force
    )
    if monitor is not None:
        opened.monitor(monitor, force=force)
    screen = JsonLines() if as_json else Terminal()
    if not converse(opened, screen):
        raise typer.Exit(MISTAKE)
