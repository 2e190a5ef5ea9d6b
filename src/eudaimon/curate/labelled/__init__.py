"""Labelled text: what the stages of the cascade are fitted on and measured with, one reader a file.

In: the user's files. Out: `LabelledSegment`, each with the labels that its source gives, others None.
"""
