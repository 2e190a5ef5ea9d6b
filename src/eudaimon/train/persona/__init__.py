"""Character training: a constitution becomes an adapter.

In: a constitution, a student, a teacher (a local model, a URL, or the town's oracle) and a recipe. Out: every
text that was generated on the way, and a LoRA. This room does not judge whether the character is there.
"""
