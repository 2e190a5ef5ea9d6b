"""What happens in the thread of the model: it is opened there, hooks are put on, and the engine runs."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from eudaimon.core import as_conversation
from eudaimon.models.model import Model
from eudaimon.serve.local.engine import Engine, Limits
from eudaimon.serve.local.guard import Drift, Guard

if TYPE_CHECKING:
    from eudaimon.serve.local.batch import Machine

TRIED = "Is anybody there?"
ANSWERED = ({"role": "user", "content": TRIED}, {"role": "assistant", "content": "Yes, I am here."})


@dataclass(frozen=True, eq=False)
class Opened:
    """A model that is open in this thread, its guard, and a direction that its answers are followed along."""

    model: Model
    guard: Guard | None = None
    drift: Drift | None = None
    name: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


class Workshop:
    """The work of one model's thread; ``open_it`` is called there: interventions act in one thread."""

    def __init__(self, open_it: Callable[[], Opened], limits: Limits | None = None) -> None:
        self._open_it = open_it
        self.limits = limits or Limits()
        self.name = ""
        self.facts: dict[str, Any] = {}
        self.alert_from: float | None = None

    def work(self, started: Future[Engine], flush: Callable[[], None]) -> None:
        """Open the model, give its engine to ``started``, and run it until it is stopped."""
        import torch

        from eudaimon.models.passes import can_share
        from eudaimon.serve.local.moderating import Moderators

        with ExitStack() as stack:
            try:
                opened = self._open_it()
                guard = opened.guard
                machine = _machine(opened, stack)
                moderators = Moderators.of_guard(guard) if guard is not None else None
                engine = Engine(
                    machine, guard, moderators, self.limits, joins=can_share(opened.model), flush=flush
                )
                self.name = opened.name or opened.model.checkpoint.name
                self.facts = opened.facts
                self.alert_from = opened.drift.bound if opened.drift is not None else None
            except BaseException as error:
                started.set_exception(error)
                return
            stack.enter_context(torch.inference_mode())
            started.set_result(engine)
            engine.run()
            if moderators is not None:
                moderators.close()

    def try_out(self, engine: Engine) -> None:
        """A forward through model and monitor, in this thread; raises what they raise."""
        from eudaimon.models.generate import next_token_logits
        from eudaimon.serve.local.readout import worst

        next_token_logits(engine.machine.model, [TRIED])
        for moderator in engine.moderators.different if engine.moderators is not None else ():
            own = TRIED if moderator.monitor.reads == "text" else as_conversation(ANSWERED)
            found = moderator.read(moderator.portions(own))
            score = worst([one for one in found.values() if not isinstance(one, BaseException)]).score
            if score != score:
                raise ValueError("the monitor reads no number")


def _machine(opened: Opened, stack: ExitStack) -> Machine:
    """The model with its hooks, which are taken off when the stack is left."""
    from eudaimon.core import UsageError
    from eudaimon.models.decoding import stops
    from eudaimon.serve.local.batch import Machine
    from eudaimon.serve.local.steering import steerable
    from eudaimon.serve.local.taps import tapped
    from eudaimon.vectors.bound import check_binding

    model, guard, drift = opened.model, opened.guard, opened.drift
    if not model.is_causal:
        raise UsageError(
            f"{model.checkpoint.name} cannot answer: it is an encoder", right="a causal language model"
        )
    monitors = [] if guard is None else list(dict.fromkeys((guard.monitor, guard.reader)))
    sites = tuple(sorted({site for own in monitors for site in own.sites}))
    followed = None
    if drift is not None:
        check_binding(drift.direction.binding, model.binding, "direction", force=False)
        followed = model.check_site(drift.direction.site)
    every = tuple(sorted({*sites, *([followed] if followed is not None else [])}))
    # Steering acts before anybody reads: what is read is what the model goes on with.
    steered = stack.enter_context(steerable(model, guard.steer if guard is not None else None))
    taps = stack.enter_context(tapped(model, every))
    return Machine(
        model=model,
        taps=taps,
        ends=frozenset(stops(model)),
        sites=sites,
        poolings=tuple(sorted({pooling for own in monitors for pooling in own.poolings})),
        window_tokens=guard.reader.window_tokens if guard is not None else 0,
        whole=guard is None or guard.reader.reads == "text",
        steered=steered,
        drift=every.index(followed) if followed is not None else None,
        unit=drift.direction.vector.copy() if drift is not None else None,
        binding=model.binding,
    )
