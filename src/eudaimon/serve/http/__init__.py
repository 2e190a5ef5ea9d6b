"""The guard's HTTP side: OpenAI's interface and LiteLLM's guardrail, with what an operator needs around them.

In: an `Answerer`, settings, an audit log. Out: responses of which every character had passed, verdicts beside
them, metrics, logs without texts. It knows no model and no monitor: whoever answers does.
"""

from eudaimon.core.door import door

__getattr__, __dir__, __all__ = door(__name__, __file__)
