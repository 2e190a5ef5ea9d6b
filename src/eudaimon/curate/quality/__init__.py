"""Quality: what scorers and policies remove from texts whose labels are known.

In: held-out labelled segments, the gold passages, scorers. Out: precision, recall and F1 by set, removal by
kind of text, recall at a share escalated, each with its interval.
"""
