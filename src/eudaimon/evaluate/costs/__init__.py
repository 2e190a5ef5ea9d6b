"""What safety may have cost, one file each, which holds the cost as ``COST`` and is found by itself.

In: a model, and the town or open texts. Out: rows by question. A new file in this folder is a new cost; the
conformance tests walk all of them.
"""
