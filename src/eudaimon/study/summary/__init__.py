"""Statistics of a study from its rows and nothing else: cells, paired contrasts, equivalence, curves."""
