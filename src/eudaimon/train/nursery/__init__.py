"""Runs: a recipe and rows of tokens or chats become a checkpoint folder or an adapter.

`loop` is transformers' Trainer with what is recorded and resumed around it; `pretraining`, `finetuning` and
`lora` are the three kinds of run.
"""
