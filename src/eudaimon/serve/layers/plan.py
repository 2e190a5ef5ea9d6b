"""The layers as an operator writes them down: a YAML file."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from eudaimon.core import UsageError
from eudaimon.data.yaml_text import read_yaml
from eudaimon.monitor.band import Band
from eudaimon.serve.asked import Answerer
from eudaimon.serve.layers.asks import OwnModel
from eudaimon.serve.layers.bounded import Bounded
from eudaimon.serve.layers.breaker import Breaker
from eudaimon.serve.layers.budget import Budget
from eudaimon.serve.layers.critique import Critique
from eudaimon.serve.layers.layered import Layers
from eudaimon.serve.layers.opening import Kind, critique_at, validator_at
from eudaimon.serve.layers.opinion import Critic

OWN = "own"
FORM = "band: [LOW, HIGH], and critique or validator or both, as docs/deploy.md shows"


class Spending(BaseModel):
    """What a layer may cost: see `Budget`, `Bounded` and `Breaker`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    share: float = Field(1.0, ge=0, le=1)
    per_minute: int | None = Field(None, ge=0)
    timeout_seconds: float = Field(10.0, gt=0)
    at_once: int = Field(8, ge=1)
    most_waiting: int = Field(32, ge=0)
    failures: int = Field(5, ge=1)
    rest_seconds: float = Field(30.0, ge=0)

    def bound(self, critic: Critic) -> Bounded:
        """The critic within these bounds."""
        return Bounded(
            critic,
            self.timeout_seconds,
            self.at_once,
            self.most_waiting,
            Budget(self.share, self.per_minute),
            Breaker(self.failures, self.rest_seconds),
        )


class CritiquePlan(Spending):
    """Who critiques: the model that answers (``by: own``), or the one at a URL."""

    by: Literal["own", "url"] = "own"
    url: str = ""
    model: str = ""
    key_env: str = ""

    @model_validator(mode="after")
    def _whole(self) -> CritiquePlan:
        if (self.by == "url") != bool(self.url and self.model):
            raise ValueError("a critique by url needs url and model, and one by own has neither")
        return self


class ValidatorPlan(Spending):
    """Which server validates: a ``judge`` model that grades, or an endpoint of ``moderations``."""

    url: str
    model: str = ""
    kind: Kind = "judge"
    key_env: str = ""


class LayersPlan(BaseModel):
    """The layers behind a monitor, for its scores in the band ``[low, high)``."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    band: tuple[float, float]
    critique: CritiquePlan | None = None
    validator: ValidatorPlan | None = None

    def open(self, own: OwnModel | None = None, *, fail_open: bool = False) -> Layers:
        """The layers; ``own`` is who critiques by itself, and is told its answerer once that is open.

        Raises `UsageError` when it is needed and not given, and as `critique_at`, `validator_at` and
        `Layers`.
        """
        layers: list[Bounded] = []
        if self.critique is not None:
            layers.append(self.critique.bound(self._critique(self.critique, own)))
        if self.validator is not None:
            plan = self.validator
            critic = validator_at(
                plan.url,
                plan.model,
                kind=plan.kind,
                api_key_env=plan.key_env,
                timeout_seconds=plan.timeout_seconds,
            )
            layers.append(plan.bound(critic))
        return Layers(Band(*self.band), layers, fail_open=fail_open)

    def open_on(self, answerer: Answerer, *, fail_open: bool = False) -> Layers:
        """The layers behind an answerer's monitor, which critiques by itself where the plan says so."""
        own = OwnModel()
        own.use(answerer)
        return self.open(own, fail_open=fail_open)

    def _critique(self, plan: CritiquePlan, own: OwnModel | None) -> Critic:
        if plan.by == OWN:
            if own is None:
                raise UsageError(
                    "there is no model here that could critique by itself",
                    right="a critique by url, also in front of another server",
                )
            return Critique(own)
        return Critique(
            critique_at(plan.url, plan.model, api_key_env=plan.key_env, timeout_seconds=plan.timeout_seconds)
        )


def read_plan(path: str | Path) -> LayersPlan:
    """The plan in a YAML file; raises `UsageError` for anything else."""
    path = Path(path)
    if not path.is_file():
        raise UsageError(f"there is no file {path}", right=FORM)
    try:
        return LayersPlan.model_validate(read_yaml(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not YAML: {' '.join(str(error).split())}", right=FORM) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise UsageError(f"{path}: {where}: {first['msg']}", right=FORM) from error
