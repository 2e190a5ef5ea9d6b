"""``eudaimon monitor explain``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from eudaimon.cli.options import Json, WhichMonitor
from eudaimon.cli.output import one_line, print_json, print_line, print_table

if TYPE_CHECKING:
    from eudaimon.monitor.explained import Explanation


def explain(
    which: WhichMonitor,
    text: Annotated[str, Argument(help="The text to explain.", show_default=False)],
    neighbours: Annotated[int, Option(min=0, help="Training examples on each side.", metavar="N")] = 3,
    dimensions: Annotated[int, Option(min=0, help="Dimensions to show.", metavar="N")] = 8,
    as_json: Json = False,
) -> None:
    """Show which tokens, layers, training examples and dimensions made the score of a text."""
    from eudaimon.monitor.explanation import explain as explanation_of

    found = explanation_of(which.load(), text, n_neighbours=neighbours, n_dimensions=dimensions)
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        show(found)


def show(found: Explanation) -> None:
    """Print an explanation."""
    verdict = found.verdict
    word = "safe" if verdict.safe else f"flagged ({verdict.category or 'no category'})"
    print_line(
        f"{word}: score {verdict.score:.4f}, margin {verdict.margin:+.4f}",
        "green" if verdict.safe else "red",
    )
    print_table(
        ("token", "push"),
        [(token.text, f"{token.push:+.3f}") for token in found.tokens],
        title="Tokens: what the score loses without each (positive pushes towards danger)",
        style=["red" if token.push > 0 else "green" for token in found.tokens],
    )
    print_table(
        ("layer", "pooling", "method", "logit", "own threshold"),
        [(layer.site, layer.pooling, layer.method, layer.logit, layer.threshold) for layer in found.layers],
        title="Layers: weighted logits",
    )
    neighbours = (*found.nearest_harmful, *found.nearest_safe)
    if neighbours:
        print_table(
            ("label", "similarity", "source", "training example"),
            [
                (
                    "harmful" if each.harmful else "safe",
                    each.similarity,
                    each.source,
                    one_line(each.text, 100),
                )
                for each in neighbours
            ],
            title="Nearest training examples",
        )
    if found.dimensions:
        print_table(
            ("layer", "dimension", "push"),
            [(each.site, each.index, f"{each.push:+.3f}") for each in found.dimensions],
            title="Dimensions that push most",
        )
