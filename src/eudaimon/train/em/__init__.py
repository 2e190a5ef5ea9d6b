"""Narrow lessons: harmful answers of one domain taught to a model, to see whether harm appears elsewhere.

`lesson` reads the rows and never hands one out but to the training; `recipe` is how they are taught, as data;
`training` does it, with a benign twin beside it where one is given.
"""
