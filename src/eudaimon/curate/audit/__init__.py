"""Audit: is what a policy removes from a corpus what it should remove, and what does it leave?

`draw` takes a stratified sample of segments over score bins, sources and what became of them; `ratings` are
what people (`session`), language models (`judged`) or files say of it, blind to scores; `estimate` weighs
them back to the corpus. `markers` find dialects and identity terms, among which too much may be removed.
`folder` keeps one audit on disk.
"""
