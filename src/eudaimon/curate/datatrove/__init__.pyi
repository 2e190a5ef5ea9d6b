from .configuration import logging_folder as logging_folder
from .policy_step import EudaimonPolicy as EudaimonPolicy
from .restored import restored as restored
from .scorer_step import EudaimonScorer as EudaimonScorer

__all__ = ["EudaimonPolicy", "EudaimonScorer", "logging_folder", "restored"]
