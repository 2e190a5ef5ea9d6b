"""All attacks on a subject, resumable, and what they come to.

In: a target, the attacks to try, a folder. Out: long rows, budget by budget on disk as they are read, what
was not run and why, and the record that a page is drawn from. Nothing here knows an attack or a judge.
"""
