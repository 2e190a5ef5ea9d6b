"""A training run leaves no trace in its process: generators, transformers' messages and bars, gradients."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np


@contextmanager
def unseen() -> Iterator[None]:
    """Within the block transformers is silent and seeds freely; after it all generators are as before."""
    import datasets
    import torch
    from transformers.utils import logging as noise

    level, bars = noise.get_verbosity(), noise.is_progress_bar_enabled()
    dataset_bars = datasets.is_progress_bar_enabled()
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002  the global one is what libraries use
    noise.set_verbosity_error()
    noise.disable_progress_bar()
    datasets.disable_progress_bars()
    try:
        with torch.random.fork_rng(), torch.enable_grad():
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
        noise.set_verbosity(level)
        if bars:
            noise.enable_progress_bar()
        if dataset_bars:
            datasets.enable_progress_bars()
