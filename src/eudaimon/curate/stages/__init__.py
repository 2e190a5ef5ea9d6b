"""Stages: what a cascade asks of each segment, the cheap before the dear.

`spans` holds the segments of many documents as arrays, `batch` these with the columns that stages fill, and
the table that comes of them; `staged` is stages one after the other as a scorer, `screened` the same with
voices only where a paragraph is suspicious. Stages 0 and 1 (`provenance`, `lexicon`, `linear`) read every
segment, and `escalation` says which go on; `words`, which `letters` spells, is what both of stage 1 read.
Stage 2 (`encoder`) reads an `excerpt` of each: `reading` makes features of it, `heads` answer; `targets`,
`teach` and `temperature` teach them, `encoder_files` keeps them. Stage 3 (`judge`) asks a language model:
`verdict` holds question and answer, `judgements` the record. `judged` and `distil` turn that record into
training text of the stages before.
"""
