"""Attacks on a Subject: one file each, which holds the attack as ``ATTACK`` and is found by itself.

In: a target, a variant, budgets, a seed. Out: for every budget, the model and the cases of the attacker. A
new file in this folder is a new attack; the conformance tests walk all of them.
"""
