"""``eudaimon curate voices``."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from eudaimon.cli.options import Json
from eudaimon.cli.output import console, one_line, print_json, print_line

if TYPE_CHECKING:
    from eudaimon.core import Segment
    from eudaimon.curate.voices.find import Form

COLOURS = ("cyan", "yellow", "green", "magenta", "blue", "red")
SHOWN = 80
"""Characters of a segment that a line shows."""


def voices(
    text: Annotated[str | None, typer.Argument(help="The text. Default: standard input.")] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", help="A text file in UTF-8; all of it is one text.", metavar="FILE"),
    ] = None,
    form: Annotated[
        str | None,
        typer.Option(
            help="json, template, chat, script, forum or prose. Default: found out.", metavar="NAME"
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show who speaks where in a text: each voice in a colour on a terminal, one line a segment elsewhere."""
    from eudaimon.curate.voices.find import detect_form, segments

    words = _read(text, file)
    found = segments(words, form=cast("Form | None", form))
    named = form or detect_form(words)
    if as_json:
        print_json({"form": named, "segments": [asdict(segment) for segment in found]})
    elif console().is_terminal:
        _coloured(words, found, named)
    else:
        print_line(f"form {named}, {len(found)} segments")
        for number, segment in enumerate(found):
            print_line(_line(number, segment, words))


def _read(text: str | None, file: Path | None) -> str:
    from eudaimon.core import UsageError

    if text is not None and file is not None:
        raise UsageError("a text and a file were given", right="one of them", do=f"--file {file}")
    if text is None and file is None and sys.stdin.isatty():
        raise UsageError("no text was given", do="eudaimon curate voices --file page.txt")
    if text is not None:
        return text
    raw = sys.stdin.buffer.read() if file is None else file.read_bytes()
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        where = file or "standard input"
        raise UsageError(f"{where} is not UTF-8 at byte {error.start}", right="text in UTF-8") from error


def _line(number: int, segment: Segment, text: str) -> str:
    quoted = "" if segment.parent is None else f" in {segment.parent}"
    place = f"{number}{quoted} [{segment.start}, {segment.end})"
    said = one_line(text[segment.start : segment.end].strip(), SHOWN)
    return f"{place:24} {one_line(segment.voice):16} {said}"


def _coloured(text: str, found: tuple[Segment, ...], form: str) -> None:
    """The text in the colours of its innermost voices, under a legend."""
    from rich.text import Text

    from eudaimon.curate.voices.turn import MARKUP

    names = dict.fromkeys(segment.voice for segment in found if segment.voice != MARKUP)
    styles = {name: COLOURS[place % len(COLOURS)] for place, name in enumerate(names)}
    legend = Text(f"form {form}:", style="dim")
    for name, style in styles.items():
        legend.append(" ").append(one_line(name), style=style)
    shown = Text(_printable(text))
    for segment in found:  # what is quoted comes after what it is quoted in
        shown.stylize(styles.get(segment.voice, "dim"), segment.start, segment.end)
    console().print(legend, soft_wrap=True)
    console().print(shown, soft_wrap=True)


def _printable(text: str) -> str:
    """The text, code point by code point, without what would steer a terminal."""
    return "".join(
        sign if sign.isprintable() or sign in "\n\t" else "\N{REPLACEMENT CHARACTER}" for sign in text
    )
