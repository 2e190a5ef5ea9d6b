"""``eudaimon world sample``."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

from typer import Option

from eudaimon.cli.options import Json
from eudaimon.cli.output import console, print_json
from eudaimon.cli.world.options import WhichWorld

if TYPE_CHECKING:
    from rich.text import Text

    from eudaimon.core import Document, Segment

STYLES = {"bad": "bold red", "depicted": "yellow", "condemns": "green", "good": "cyan"}
LEGEND = "[bad] a bad voice  [depicted] harm, depicted or condemned  [condemns] says what is wrong  [good]"


def sample(
    which: WhichWorld,
    n: Annotated[int, Option("--n", min=0, help="How many documents.", metavar="N")] = 5,
    start: Annotated[int, Option("--start", min=0, help="Number of the first.", metavar="N")] = 0,
    as_json: Json = False,
) -> None:
    """Print documents with their voices marked: in colours on a terminal, in brackets elsewhere."""
    from rich.text import Text

    world = which.world()
    out = console()
    if not as_json and n:
        out.print(_coloured(LEGEND) if out.is_terminal else LEGEND, soft_wrap=True, markup=False)
    for document in world.documents(n, start):
        if as_json:
            segments = [{**asdict(segment), "bad": segment.bad} for segment in document.segments or ()]
            print_json(
                {
                    "id": document.id,
                    "text": document.text,
                    "metadata": dict(document.metadata),
                    "segments": segments,
                }
            )
            continue
        head = f"\n{document.id} {document.metadata['kind']}, {document.metadata['domain']}"
        out.print(Text(head, style="dim"), soft_wrap=True)
        out.print(_marked(document, in_colour=out.is_terminal), soft_wrap=True)


def _marked(document: Document, *, in_colour: bool) -> Text:
    """The document with each utterance in the colour of its label, or behind its label in brackets."""
    from rich.text import Text

    text = Text()
    position = 0
    for segment in _innermost(document):
        label = _label(segment)
        text.append(document.text[position : segment.start])
        if not in_colour:
            text.append(f"[{label}] ")
        text.append(document.text[segment.start : segment.end], style=STYLES[label])
        position = segment.end
    return text.append(document.text[position:].rstrip("\n"))


def _innermost(document: Document) -> list[Segment]:
    """The segments that have something to show and hold no other one, in order."""
    segments = document.segments or ()
    parents = {segment.parent for segment in segments}
    return [s for number, s in enumerate(segments) if number not in parents and _label(s)]


def _label(segment: Segment) -> str:
    from eudaimon.core.document import DISTANT

    if segment.bad:
        return "bad"
    if segment.harm > 0 and (segment.frame in DISTANT or segment.stance in DISTANT):
        return "depicted"
    if segment.stance == "condemns":
        return "condemns"
    return "good" if segment.persona else ""


def _coloured(legend: str) -> Text:
    from rich.text import Text

    text = Text(legend)
    for label, style in STYLES.items():
        text.highlight_words([f"[{label}]"], style)
    return text
