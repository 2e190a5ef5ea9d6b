"""What a model tells of a persona without a judge and without sampling: likelihoods, choices, separability.

In: a model, and texts of a bad persona each beside its neutral twin, from a file or from the town. Out: rows
by question, and for each layer how well the two can be told apart inside the model.
"""
