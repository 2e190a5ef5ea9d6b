"""Which personas a model can be in, found without being named.

In: a model and a cast, which is roles put to questions. Out: the axes on which its own answers differ
inside of it, which roles are one to it, and which of these speak as nobody else. What the roles are supposed
to be is not known here: a role's name is only what an axis or a group is called by.
"""
