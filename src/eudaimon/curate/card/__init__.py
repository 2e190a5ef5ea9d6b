"""The data safety card of a corpus: what was in it, what a policy makes of it, how sure that is, its cost.

`record` is what a card holds, and all that a page draws from. `tally` counts a folder of scores under a
policy, `shown` chooses examples, `cost` adds up what scoring cost and projects it, `words` says the policy in
words, and `collect` puts it together.
"""
