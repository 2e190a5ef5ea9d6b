"""The town's questions put to a model, and what it does with them as rows.

One file a measurement: answers, recognition, likelihood, choice, samples. `Situation` says how questions are
put; every function takes a `Model` (with whatever adapters act on it) and gives rows.
"""
