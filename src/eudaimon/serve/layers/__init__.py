"""The layers behind a monitor, asked where it is unsure: a model critiques, another server validates.

In: a text with the monitor's decision on it. Out: the decision of the first layer that is sure, who that was
and what each layer took. A failure is never a pass unless an operator said so. This package knows no HTTP of
ours.
"""

from eudaimon.core.door import door

__getattr__, __dir__, __all__ = door(__name__, __file__)
