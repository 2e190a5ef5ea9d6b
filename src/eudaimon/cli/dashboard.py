"""``eudaimon dashboard``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Option

from eudaimon.cli.options import Json
from eudaimon.cli.output import print_json, print_line


def dashboard(
    folder: Annotated[
        Path, Option("--folder", help="What to look at: the folder in which runs lie.", metavar="FOLDER")
    ] = Path("runs"),
    host: Annotated[
        str, Option("--host", help="An address of this machine alone.", metavar="ADDRESS")
    ] = "127.0.0.1",
    port: Annotated[int, Option("--port", help="The port to listen on.", metavar="N")] = 8501,
    as_json: Json = False,
) -> None:
    """Look at all that lies below a folder in a browser: models, vectors, studies, corpora, audits to rate.

    It listens on this machine alone, asks for no password and sends nothing anywhere. Ctrl-C ends it.
    """
    from eudaimon.dashboard.launch import launch, settings_for

    settings_for(folder, host=host, port=port)
    shown = f"[{host}]" if ":" in host else host
    url = f"http://{shown}:{port}"
    if as_json:
        print_json({"folder": str(folder.resolve()), "url": url})
    else:
        print_line(f"Dashboard of {folder.resolve()}: {url}  (Ctrl-C ends it)")
    launch(folder, host=host, port=port)
