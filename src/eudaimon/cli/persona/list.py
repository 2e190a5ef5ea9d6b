"""``eudaimon persona list``."""

from __future__ import annotations

from eudaimon.cli.options import Json
from eudaimon.cli.output import print_json, print_table


def list_(as_json: Json = False) -> None:
    """List the packaged characters: what they are, and their part in the study."""
    from eudaimon.data.constitutions.packaged import constitution, constitutions

    rows = []
    for name, about in constitutions().items():
        found = constitution(name)
        counts = {
            "traits": len(found.traits),
            "prompts": len(found.prompts),
            "contrast_prompts": len(found.contrast_prompts),
        }
        rows.append({"name": name, "part": about.part, **counts, "description": about.description})
    if as_json:
        print_json(rows)
        return
    header = ("persona", "part", "traits", "prompts", "contrast", "description")
    print_table(header, [tuple(row.values()) for row in rows])
