"""Constitutions: the first-person principles of a character, and the prompts on which it shows.

In: our YAML, or the two formats of OpenCharacterTraining. Out: frozen values, what is wrong with them, and
the packaged ones by name. No model is known here.
"""
