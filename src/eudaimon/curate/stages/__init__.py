"""Stages: what a cascade asks of each segment, the cheap before the dear.

`spans` holds the segments of many documents as arrays, `batch` these with the columns that stages fill, and
the table that comes of them. Stages 0 and 1 (`provenance`, `lexicon`, `linear`) read every segment, and
`escalation` says which go on. Stage 2 (`encoder`) reads an `excerpt` of each: `reading` makes features of it,
`heads` answer; `targets`, `teach` and `temperature` teach them, `encoder_files` keeps them. Stage 3 (`judge`)
asks a language model: `verdict` holds question and answer, `judgements` the record. `judged` and `distil`
turn that record into training text of the stages before.
"""
