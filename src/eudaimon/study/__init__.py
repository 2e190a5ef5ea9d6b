"""Studies: designs as code, steps that are cached and resumed, run here or on Slurm.

In: a design with its options. Out: a folder of finished steps and their rows. This room does not know what a
step computes, except in the designs.
"""

from eudaimon.core.door import door

__getattr__, __dir__, __all__ = door(__name__, __file__)
