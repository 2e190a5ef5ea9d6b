"""Checkpoints and adapters from documents: tokens with loss masks, arms, pretraining, fine-tuning.

In: labelled documents or chats, and a recipe. Out: ordinary Hugging Face folders and PEFT adapters. This room
does not know how what it made will be judged.
"""

from eudaimon.core.door import door

__getattr__, __dir__, __all__ = door(__name__, __file__)
