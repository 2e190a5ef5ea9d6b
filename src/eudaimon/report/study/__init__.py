"""The report of studies: one self-contained HTML page from their stored records alone.

In: a `StudyRecord` or several, and the record of a monitor on real queries where there is one. Out:
``report.html``, its figures as SVG, its tables as CSV, and the rows of the final table for a terminal.
"""
