"""``eudaimon data``: the packaged sets and their cards."""

from __future__ import annotations

from typing import Annotated

import typer

from eudaimon.cli.failures import Commands
from eudaimon.cli.options import Json
from eudaimon.cli.output import print_json, print_line, print_table

data_app = typer.Typer(cls=Commands, no_args_is_help=True, help="The packaged query sets.")


@data_app.command("list")
def list_sets(as_json: Json = False) -> None:
    """List the packaged sets: rows, licence, and the split that the packaged plan gives them."""
    from eudaimon.data.cards import all_cards
    from eudaimon.data.splits import SPLITS, default_plan

    plan = default_plan()
    split_of = {source: split for split in SPLITS for source in getattr(plan, split)}
    rows = [
        {
            "name": card.name,
            "kind": card.kind,
            "safe": card.n_safe,
            "harmful": card.n_harmful,
            "split": split_of.get(card.name, ""),
            "licence": card.licence,
            "title": card.title,
        }
        for card in all_cards().values()
    ]
    if as_json:
        print_json(rows)
    else:
        print_table(list(rows[0]), [[value or "-" for value in row.values()] for row in rows])


@data_app.command("card")
def show_card(
    name: Annotated[str, typer.Argument(help="A packaged set.", show_default=False)], as_json: Json = False
) -> None:
    """Show where a packaged set comes from, under which licence, and where it fails."""
    from eudaimon.data.cards import card

    sheet = card(name).model_dump(mode="json")
    if as_json:
        print_json(sheet)
        return
    for field, value in sheet.items():
        if isinstance(value, list):
            for each in value:
                print_line(f"{field}: {each}")
        elif isinstance(value, dict):
            for kind, counts in value.items():
                print_line(f"{field} of {kind}: {', '.join(f'{name} {n}' for name, n in counts.items())}")
        elif value not in ("", None):
            print_line(f"{field}: {' '.join(str(value).split())}")
