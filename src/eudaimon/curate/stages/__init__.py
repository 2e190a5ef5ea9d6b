"""Stages: what a cascade asks of each segment, the cheap before the dear.

`spans` holds the segments of many documents as arrays, `batch` these with the columns that stages fill, and
the table that comes of them.
"""
