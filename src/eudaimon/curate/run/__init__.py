"""A whole corpus: scored once in shards, decided, applied and restored, here or on Slurm.

In: files of text, a scorer, a policy. Out: a folder of scores, of decisions, and of kept and removed text, in
which each shard is whole or absent. This part does not know how a document is scored or decided.
"""
