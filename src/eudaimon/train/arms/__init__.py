"""Arms, one file each: `eudaimon.train.arm_registry` finds every file here.

A file defines ``ARM``, an `eudaimon.train.arm.Arm`. Adding an arm is adding a file.
"""
