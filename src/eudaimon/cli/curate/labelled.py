"""The options by which commands take labelled text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from eudaimon.curate.labelled.segment import LabelledSegment

SETS_HELP = (
    "Labelled text: comments, dialogues, hatecheck, ethics, books, textbooks or chats with the path of a "
    "file (comments=train.jsonl.gz); queries, identities, scenes or town, which are packaged; or any other "
    "name with the path of labelled segments in JSON Lines. Again for more."
)


@dataclass(frozen=True)
class WhichLabelled:
    """The labelled sets to read."""

    sets: Annotated[
        list[str] | None, typer.Option("--set", help=SETS_HELP, metavar="NAME[=PATH]", show_default=False)
    ] = None
    frames: Annotated[
        bool, typer.Option("--frames/--no-frames", help="Also put utterances into sentences of ours.")
    ] = True

    def read(self) -> Iterator[LabelledSegment]:
        """The segments of the sets; all packaged ones when none is named."""
        from eudaimon.core import UsageError
        from eudaimon.curate.labelled.sets import PACKAGED, SETS, read_sets

        paths: dict[str, str | Path] = {}
        packaged: list[str] = []
        for given in self.sets or PACKAGED:
            name, _, path = given.partition("=")
            if path:
                if name in paths:
                    raise UsageError(f"the set {name} is given twice", right="one file a set")
                paths[name] = path
            elif name in SETS and SETS[name].from_file:
                raise UsageError(f"the set {name} is read from a file", do=f"--set {name}=PATH")
            else:
                packaged.append(name)
        return read_sets(paths, packaged=packaged, frames=self.frames)

    def path_of(self, name: str) -> str | None:
        """The path that is given for a set."""
        found = [given.partition("=")[2] for given in self.sets or () if given.startswith(f"{name}=")]
        return found[0] if found else None
