"""``eudaimon judge questions``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Option

from eudaimon.cli.options import Json
from eudaimon.cli.output import print_json, print_line, print_table


def questions(
    sets: Annotated[
        list[str] | None,
        Option("--set", help="A packaged set; again for more. Default: all of them.", metavar="NAME"),
    ] = None,
    out: Annotated[
        Path | None,
        Option("--out", help="Write id and messages of each question as JSON Lines.", metavar="FILE"),
    ] = None,
    as_json: Json = False,
) -> None:
    """List the packaged sets of open questions, or write the questions to put to a model."""
    from eudaimon.core.files import write_jsonl
    from eudaimon.data.cards import card
    from eudaimon.evaluate.questions.read import question_sets
    from eudaimon.evaluate.questions.read import questions as packaged

    names = sets or question_sets()
    rows = []
    for name in names:
        own = packaged(name)
        rows.append(
            {
                "set": name,
                "questions": len(own),
                "independent": len({question.group for question in own}),
                "judged for": ", ".join(sorted({measure for each in own for measure in each.prompts})),
                "licence": card(name).licence,
                "title": card(name).title,
            }
        )
    if out is not None:
        asked = (
            {"question": each.id, "messages": [turn.model_dump() for turn in each.messages]}
            for name in names
            for each in packaged(name)
        )
        write_jsonl(out, asked)
    if as_json:
        print_json(rows)
    else:
        print_table(list(rows[0]), [list(row.values()) for row in rows])
    if out is not None and not as_json:
        print_line(f"Questions: {out}")
