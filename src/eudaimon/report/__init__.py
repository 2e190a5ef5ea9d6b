"""The report of one evaluation: figures, tables and one self-contained HTML page, from the record alone.

In: an `EvaluationRecord`. Out: ``report.html`` with its figures as SVG and their data as CSV; the rows of
the final table in the terminal; the picture in the README. From a `CardRecord`: the data safety card of a
corpus. This room does not know models, monitors or data files, runs no statistics and prints nothing: what
the record does not hold is not shown.
"""

from eudaimon.core.door import door

__getattr__, __dir__, __all__ = door(__name__, __file__)
