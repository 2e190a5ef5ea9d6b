"""Stages: what a cascade asks of each segment, the cheap before the dear.

`spans` holds the segments of many documents as arrays, `batch` these with the columns that stages fill, and
the table that comes of them; `staged` is stages one after the other as a scorer, `screened` the same with
voices only where a paragraph is suspicious. Stage 0 is `provenance`. Stage 1 is `lexicon` and `linear`, in
one folder by `stage1`; both read `words`, which `letters` spells.
"""
