"""Queries with labels, sources, categories and licences: packaged, or read from a user's files.

In: names of packaged sets, paths, ``hf://`` addresses. Out: `Query` rows, cards, split plans and splits,
persona prompts and dresses, passages whose voices are labelled by hand. This room does not know what a
model, a score or a monitor is.
"""

from eudaimon.core.door import door

__getattr__, __dir__, __all__ = door(__name__, __file__)
