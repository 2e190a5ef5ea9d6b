"""Kinds of documents, each written for many documents at once: one file a kind.

In: an empty page and a stage to draw from. Out: the page, filled column by column. A file's ``write`` is
entered in `corpus.SCENES` under the name of its kind.
"""

from __future__ import annotations
