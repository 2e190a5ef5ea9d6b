"""``eudaimon study list``."""

from __future__ import annotations

from eudaimon.cli.options import Json
from eudaimon.cli.output import print_json, print_table


def list_designs(as_json: Json = False) -> None:
    """List the designs: what each asks, and its options with their defaults."""
    from eudaimon.study.design import design, designs

    rows = []
    for name in designs():
        study = design(name)
        options = study.options().model_dump(mode="json")
        rows.append({"name": name, "summary": study.summary, "options": options})
    if as_json:
        print_json(rows)
        return
    print_table(
        ("name", "summary", "options"),
        [(row["name"], row["summary"], "  ".join(_shown(row["options"]))) for row in rows],
    )


def _shown(options: object) -> list[str]:
    assert isinstance(options, dict)
    return [
        f"{name}={','.join(map(str, value)) if isinstance(value, list) else value}"
        for name, value in options.items()
    ]
