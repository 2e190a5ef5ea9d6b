"""Token sets: what a corpus is to a model, and which of its tokens are learned.

`eudaimon.train.tokens.encoder` makes ids and character offsets, `mask` turns character spans into masked
tokens, `write` and `token_set` keep both in a folder, `pack` cuts them into rows for training.
"""
