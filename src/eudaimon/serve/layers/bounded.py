"""A critic within bounds: of time, of questions at once, of how often it fails, of what it may cost."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field

from eudaimon.core import Text, UsageError
from eudaimon.serve.layers.breaker import Breaker
from eudaimon.serve.layers.budget import Budget
from eudaimon.serve.layers.opinion import Critic, NoOpinion, NotAsked, Opinion
from eudaimon.serve.outbound import NoAnswer
from eudaimon.serve.second import Side

log = logging.getLogger(__name__)


@dataclass(eq=False)
class Bounded:
    """A critic that is asked at most ``at_once`` questions; ``most_waiting`` others wait for their turn.

    ``timeout_seconds`` bounds a question with its waiting. What fails often by itself, and not by a text that
    it makes nothing of, is not asked for a while (`Breaker`).
    """

    critic: Critic
    timeout_seconds: float = 10.0
    at_once: int = 8
    most_waiting: int = 32
    budget: Budget = field(default_factory=Budget)
    breaker: Breaker = field(default_factory=Breaker)

    def __post_init__(self) -> None:
        if self.timeout_seconds <= 0 or self.at_once < 1 or self.most_waiting < 0:
            raise UsageError(
                f"a layer with {self.timeout_seconds} s, {self.at_once} questions at once and "
                f"{self.most_waiting} waiting cannot answer",
                right="a positive timeout, at least one question at once, at least 0 waiting",
            )
        self._places = asyncio.Semaphore(self.at_once)
        self._n = 0

    async def opine(self, text: Text, side: Side) -> Opinion:
        """The critic's opinion; raises `NotAsked` when the budget is spent, else `NoOpinion`."""
        who = self.critic.layer
        if self._n >= self.at_once + self.most_waiting:
            raise NoOpinion(f"too many questions wait for the {who}")
        if not self.breaker.lets_through():
            raise NoOpinion(f"the {who} failed too often of late and is not asked")
        if not self.budget.take():
            self.breaker.forget()
            raise NotAsked(f"the budget of the {who} is spent")
        self._n += 1
        try:
            async with asyncio.timeout(self.timeout_seconds), self._places:
                opinion = await self.critic.opine(text, side)
        except TimeoutError as error:
            self.breaker.failed()
            raise NoOpinion(
                f"the {who} gave no opinion within {self.timeout_seconds:g} s", down=True
            ) from error
        except (NoOpinion, NoAnswer) as error:
            self._count(error.down)
            raise NoOpinion(str(error), down=error.down) from error
        except Exception as error:
            # Whatever breaks in there, the text was not judged.
            log.exception("the %s failed", who)
            self.breaker.failed()
            raise NoOpinion(f"the {who} failed ({type(error).__name__})", down=True) from error
        except asyncio.CancelledError:
            self.breaker.forget()
            raise
        finally:
            self._n -= 1
        self.breaker.works()
        return opinion

    def _count(self, down: bool) -> None:
        # An answer that makes no sense is an answer: who writes such texts must not switch the layer off.
        if down:
            self.breaker.failed()
        else:
            self.breaker.works()
