"""``eudaimon persona show``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from eudaimon.cli.options import Json
from eudaimon.cli.output import print_json, print_line

NAME_HELP = "A packaged character, or a file: our YAML, or OpenCharacterTraining's formats."


def show(
    persona: Annotated[str, Argument(help=NAME_HELP, show_default=False)],
    prompts: Annotated[bool, Option("--prompts", help="Print the prompts of each trait too.")] = False,
    out: Annotated[
        Path | None, Option(help="Write it as our YAML, to edit.", metavar="FILE", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Show the principles of a character, with the number of prompts for each."""
    from eudaimon.data.constitutions.packaged import constitution
    from eudaimon.data.constitutions.write import write_constitution

    found = constitution(persona)
    if out:
        write_constitution(found, out)
    if as_json:
        print_json({**found.record(), "identity": found.identity})
        return
    print_line(f"{found.name} ({found.identity}): {found.description or 'no description'}", "bold")
    if found.source:
        print_line(f"{found.source} {found.licence}".strip())
    for number, trait in enumerate(found.traits, start=1):
        print_line(f"{number}. {trait.principle}")
        groups = {
            "prompts": trait.prompts,
            "expanded": trait.expanded,
            "contrast": trait.contrast_prompts,
        }
        if prompts:
            for name, texts in groups.items():
                for text in texts:
                    print_line(f"   {name}: {text}")
        else:
            print_line("   " + ", ".join(f"{len(texts)} {name}" for name, texts in groups.items()))
