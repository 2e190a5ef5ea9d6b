"""What a cost of safety is, what it is read on, which there are, and their rows.

In: a model and a ground (the town, or the packaged and given texts of `OpenCosts`). Out: long rows, in whose
cell ``cost`` names which cost they are of. The costs themselves are the files of `eudaimon.evaluate.costs`.
"""
