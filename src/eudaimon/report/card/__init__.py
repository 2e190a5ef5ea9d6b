"""The data safety card: one self-contained HTML page from a `CardRecord` alone.

In: a `eudaimon.curate.card.record.CardRecord`. Out: ``card.html``, ``card.json`` with the whole record, its
figures as SVG and its tables as CSV.
"""
