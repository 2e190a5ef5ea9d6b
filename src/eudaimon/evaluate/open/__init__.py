"""Open questions as the ground of attacks: any model, any judge, and material that the user brings.

In: questions, a judge, files of chats and passages where there are any. Out: long rows by the judge, and the
answers on disk. Nothing harmful comes with the package: what an attack needs and was not given is `NotGiven`.
"""
