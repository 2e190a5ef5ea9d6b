"""Kinds of documents, each written for many documents at once: one file a kind.

Every file has a function ``write(page, stage)`` that fills a page; `SCENES` names them by document kind.
"""

from __future__ import annotations
