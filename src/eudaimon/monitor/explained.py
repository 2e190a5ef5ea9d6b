"""An explanation as a value: what pushed a text's score, and the training examples nearest to it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from eudaimon.monitor.verdict import Verdict


class TokenPush(BaseModel):
    """A token (code points ``[start, end)``) and how it moves the logit; positive pushes towards danger."""

    model_config = ConfigDict(frozen=True)
    text: str
    start: int
    end: int
    push: float


class LayerPush(BaseModel):
    """A probe's read-out and its own threshold, both times the probe's weight in the consensus."""

    model_config = ConfigDict(frozen=True)
    site: str
    pooling: str
    method: str
    logit: float
    threshold: float


class Neighbour(BaseModel):
    """A training example and its cosine similarity in standardised features, in [-1, 1]."""

    model_config = ConfigDict(frozen=True)
    text: str
    source: str
    harmful: bool
    similarity: float


class DimensionPush(BaseModel):
    """A dimension of the residual stream and its contribution to its probe's logit, centred on the mean."""

    model_config = ConfigDict(frozen=True)
    site: str
    index: int
    push: float


class Explanation(BaseModel):
    """A verdict and what made it."""

    model_config = ConfigDict(frozen=True)
    verdict: Verdict
    tokens: tuple[TokenPush, ...]
    layers: tuple[LayerPush, ...]
    nearest_safe: tuple[Neighbour, ...]
    nearest_harmful: tuple[Neighbour, ...]
    dimensions: tuple[DimensionPush, ...]
