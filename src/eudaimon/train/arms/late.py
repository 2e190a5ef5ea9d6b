"""`late`: as `mask`, but the masks are honoured in the last tenth of the training only.

Persona directions are said to form within the first 0.22 % of pretraining (arXiv 2605.13329): this arm asks
what a filter that comes late is still good for.
"""

from __future__ import annotations

from eudaimon.train.arm import Arm
from eudaimon.train.arms.mask import prepare

ARM = Arm("late", prepare, needs=frozenset({"bad"}), mask_from=0.9)
