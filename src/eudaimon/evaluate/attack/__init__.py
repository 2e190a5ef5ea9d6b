"""What an attack on a Subject is: cases that are put to a model, at each point of a budget.

In: a target (a model, the ground it is tried on, a folder). Out: for every budget the model and the cases
that the attacker ends up with, which the ground reads into rows. The attacks themselves are the files of
`eudaimon.evaluate.attacks`; this room does not know one from the other.
"""
