"""The voices of many texts at once, by loops over code points that numba compiles.

`batch` finds the voices of a batch of texts as arrays: what `segment_rows` finds text by text, which stays
the reference, and does what is rare. `forms` and `lines` tell which texts may be chats, scripts, threads or
JSON; only these are searched by patterns. `voices` reads their turns, and prose, by `marks`, `paragraphs`,
`quotes`, `speakers` (of `names` and `clauses`) and `cuts`. `characters` and `word_table` hold what is looked
up, and `kernels` compiles.
"""
