"""The options that say which town."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from eudaimon.cli.options import Seed

if TYPE_CHECKING:
    from eudaimon.world.world import World


@dataclass(frozen=True)
class WhichWorld:
    """The town: its seed, its mixture and its domains."""

    seed: Seed = 0
    mixture: Annotated[
        Path | None,
        Option("--mixture", help="YAML with shares; what it leaves out is the default's.", metavar="FILE"),
    ] = None
    without: Annotated[
        list[str] | None,
        Option("--without", help="A persona that never speaks; repeatable.", metavar="PERSONA"),
    ] = None
    domain: Annotated[
        list[str] | None, Option("--domain", help="A domain; repeatable. Default: all.", metavar="NAME")
    ] = None

    def world(self) -> World:
        """The world that these options mean."""
        from eudaimon.world.mixture import Mixture
        from eudaimon.world.world import World

        mixture = Mixture() if self.mixture is None else Mixture.read(self.mixture)
        mixture = mixture.without(*self.without) if self.without else mixture
        if self.domain:
            return World(seed=self.seed, mixture=mixture, domains=tuple(self.domain))
        return World(seed=self.seed, mixture=mixture)
