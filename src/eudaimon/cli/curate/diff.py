"""``eudaimon curate diff``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from eudaimon.cli.options import Json, Seed
from eudaimon.cli.output import one_line, print_json, print_line, print_table

EXCERPT = 70


def diff(
    before: Annotated[str, Argument(help="A policy.", metavar="A")],
    after: Annotated[str, Argument(help="Another policy.", metavar="B")],
    scores: Annotated[
        Path, Option("--scores", help="Folder that `curate score` wrote.", metavar="SCORES")
    ] = Path("scores"),
    examples: Annotated[int, Option("--examples", min=0, help="How many changes to show.", metavar="N")] = 10,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Compare two policies on a scored corpus: which documents and how many tokens they treat differently.

    Tokens are words and punctuation marks.
    """
    from eudaimon.curate.diff import diff as compared
    from eudaimon.curate.policy import load_policy
    from eudaimon.curate.run.lookup import scored_documents

    one, two = load_policy(before), load_policy(after)
    found = compared(one, two, scored_documents(scores, (one, two)), n_examples=examples, seed=seed)
    if as_json:
        record = asdict(found)
        for name in ("documents", "tokens"):
            record[name] = [
                {"before": was, "after": becomes, "n": n} for (was, becomes), n in record[name].items()
            ]
        print_json(record)
        return
    print_line(
        f"{found.before} -> {found.after}: {found.changed_documents:,} of {found.n_documents:,} documents "
        f"and {found.changed_tokens:,} of {found.n_tokens:,} tokens are treated differently"
    )
    print_table(("tokens before", "after", "n"), [(*pair, n) for pair, n in found.tokens.items()])
    print_table(("documents before", "after", "n"), [(*pair, n) for pair, n in found.documents.items()])
    if found.changed_by_source:
        print_table(("source", "changed tokens"), list(found.changed_by_source.items()))
    for change in found.examples:
        place = f"{change.id} [{change.start}, {change.end})"
        reason = change.why_after or change.why_before
        print_line(one_line(f"{place}  {change.before} -> {change.after}  {reason}"))
        print_line(f"  | {one_line(change.excerpt, EXCERPT)}")
