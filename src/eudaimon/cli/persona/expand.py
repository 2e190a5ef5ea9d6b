"""``eudaimon persona expand``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from eudaimon.cli.options import Device, Dtype, Json, Seed
from eudaimon.cli.output import print_json, print_line
from eudaimon.cli.persona.show import NAME_HELP
from eudaimon.cli.speakers import WhichTeacher


def expand(
    persona: Annotated[str, Argument(help=NAME_HELP, show_default=False)],
    out: Annotated[Path, Option("--out", help="The new constitution, as our YAML.", metavar="FILE")],
    teacher: WhichTeacher,
    n: Annotated[int, Option("--n", min=1, help="New prompts for each trait, at most.", metavar="N")] = 45,
    seed: Seed = 0,
    device: Device = None,
    dtype: Dtype = None,
    as_json: Json = False,
) -> None:
    """Let a model write more prompts for each trait; what it said is kept beside FILE, as FILE.rows.jsonl."""
    from eudaimon.data.constitutions.packaged import constitution
    from eudaimon.data.constitutions.write import write_constitution
    from eudaimon.train.persona.expand import expand as more_prompts

    given = constitution(persona)
    rows = out.with_name(f"{out.name}.rows.jsonl")
    found = more_prompts(given, teacher.speaker(device, dtype), rows, n=n, seed=seed)
    write_constitution(found, out)
    counts = [
        len(new.expanded) - len(old.expanded) for new, old in zip(found.traits, given.traits, strict=True)
    ]
    if as_json:
        print_json({"file": str(out), "rows": str(rows), "new_prompts": counts})
    else:
        print_line(f"{out}: {', '.join(map(str, counts))} new prompts, trait by trait; {rows}")
