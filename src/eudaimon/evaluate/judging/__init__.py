"""Open answers judged: by a model behind any provider, by a local folder, or by the town's exact judge.

A judge gives each answer a verdict per measure: alignment and coherence from 0 to 100, or one of some words.
`judge_answers` judges answers together with packaged ones whose verdict is known, so that a judge that says
the same of everything, or that an answer can steer, is noticed in every run.
"""
