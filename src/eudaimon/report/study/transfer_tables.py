"""The transfer matrix as tables of CSV."""

from __future__ import annotations

from eudaimon.report.tables import Table, scored_table
from eudaimon.study.records import StudyRecord


def transfer_tables(record: StudyRecord) -> tuple[Table, ...]:
    """Cells, variants by layer, contrasts between sources, and cosines; nothing without a matrix."""
    found = record.transfers
    if found is None:
        return ()

    def ends(band: tuple[float, float] | None) -> tuple[float | None, float | None]:
        return band or (None, None)

    return (
        scored_table(
            "transfers",
            ("source", "target", "kind", "harm_before", "strength", "kl", "random_low", "random_high",
             "shuffled_low", "shuffled_high"),
            [
                (
                    (c.source, c.target, c.kind, c.harm_before, c.strength, c.kl, *ends(c.random),
                     *ends(c.shuffled)),
                    [c.effect, c.price],
                )
                for c in found.cells
            ],
            ("effect", "price"),
        ),
        scored_table(
            "transfer_variants",
            ("variant", "layer", "kind", "price", "random_low", "random_high", "shuffled_low",
             "shuffled_high"),
            [
                (
                    (v.variant, v.layer, v.kind, v.price, *ends(v.random), *ends(v.shuffled)),
                    [v.own, v.others],
                )
                for v in found.variants
            ],
            ("own", "others"),
        ),
        scored_table(
            "transfer_contrasts",
            ("source", "reference", "kind", "n_seeds", "p", "p_holm"),
            [
                ((c.source, c.reference, c.kind, c.n_seeds, c.p, c.p_holm), [c.difference])
                for c in found.contrasts
            ],
            ("difference",),
        ),
        scored_table(
            "transfer_cosines", ("a", "b"), [((c.a, c.b), [c.cosine]) for c in found.cosines], ("cosine",)
        ),
    )  # fmt: skip
