"""A subject in memory: one base, loaded once, and the stacks that act on it in turn."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eudaimon.core import UsageError
from eudaimon.models.adapters.adapter import Adapter, AdapterStack, as_stack
from eudaimon.models.adapters.errors import InactiveAdapter, MergedAdapter, StackOrderChanged
from eudaimon.models.adapters.ledger import Ledger
from eudaimon.models.adapters.load_lora import base_parameters
from eudaimon.models.adapters.proof import Proof
from eudaimon.models.adapters.subject import Subject, tokenizer_files_hash
from eudaimon.models.folder import find_folder, weight_files
from eudaimon.models.interventions import install
from eudaimon.models.load import load
from eudaimon.models.model import Model

if TYPE_CHECKING:
    import torch
    from peft import LoraConfig

log = logging.getLogger(__name__)

USES = frozenset({"module", "trunk", "binding"})


@dataclass(frozen=True, eq=False)
class SubjectModel(Model):
    """A `Model` on whose forward a stack of adapters acts; every function that takes a model takes it.

    Using it after the base was switched to another stack raises an `AdapterError`: it would speak for a
    stack that does not act any more.
    """

    ledger: Ledger | None = None
    stack: AdapterStack = ()
    proof: Proof | None = None
    subject: Subject | None = None
    """What was opened; None for a stack that was switched to."""

    def __getattribute__(self, name: str) -> Any:
        if name in USES:
            own = object.__getattribute__(self, "__dict__")
            ledger = own.get("ledger")
            if ledger is not None and ledger.identities != own["adapters"]:
                ledger.require(own["stack"])
                raise StackOrderChanged(
                    f"this model was made when {', '.join(own['adapters']) or 'no adapter'} acted",
                    right=f"now {', '.join(ledger.identities) or 'no adapter'} does",
                    do="as_model(ledger)",
                )
        return super().__getattribute__(name)

    @property
    def book(self) -> Ledger:
        """The ledger of the base that this model shares."""
        assert self.ledger is not None
        return self.ledger


def open_subject(
    subject: Subject,
    *,
    prove: bool = True,
    device: str | torch.device | None = None,
    dtype: str | torch.dtype | None = None,
    force: bool = False,
) -> SubjectModel:
    """The subject in memory, its adapters and interventions acting on every forward.

    With ``prove`` (its record is ``.proof``) a probe batch shows from the logits that each adapter acts;
    without, the layers are still checked before every forward. Raises `AdapterError` when the stack fails,
    `WrongBase` for an adapter of another base (unless forced), `StackOrderChanged` when a file is not what
    the subject was made from, `ModelUnavailable` as `load` does. Interventions act in the thread that opened
    the subject; a forward from another thread is an error.
    """
    model = load(subject.checkpoint, device=device, dtype=dtype)
    tokenizer = tokenizer_files_hash(find_folder(subject.checkpoint)[0])
    if (model.checkpoint.fingerprint, tokenizer) != (subject.fingerprint, subject.tokenizer):
        raise StackOrderChanged(
            f"checkpoint {subject.checkpoint} has changed since the subject was made",
            right=f"{subject.fingerprint}, tokenizer {subject.tokenizer}",
        )
    ledger = Ledger(model, force=force)
    ledger.activate(subject.adapters)
    proof = ledger.prove() if prove else None
    opened = _view(ledger, proof, subject)
    if subject.interventions:
        install(opened, subject.interventions)
        opened.trunk.register_forward_pre_hook(_one_thread())
    return opened


def open_stack(
    checkpoint: str,
    stack: Sequence[Adapter] = (),
    *,
    revision: str | None = None,
    device: str | torch.device | None = None,
    dtype: str | torch.dtype | None = None,
) -> Model:
    """The checkpoint as `load` gives it, or with a stack as `open_subject` does, proven.

    Raises as they do, and `UsageError` for a revision beside a stack: a subject is what its files are.
    """
    if not stack:
        return load(checkpoint, revision=revision, device=device, dtype=dtype)
    if revision:
        raise UsageError(f"revision {revision} beside adapters", right="the folder of that revision")
    return open_subject(Subject(checkpoint, as_stack(stack)), device=device, dtype=dtype)


def attach(
    model: Model,
    stack: Sequence[Adapter] = (),
    *,
    trainable: LoraConfig | None = None,
    name: str = "trained",
    init_seed: int | None = None,
    prove: bool = True,
    force: bool = False,
) -> Ledger:
    """The ledger of a loaded model with ``stack`` acting, and on top of it a fresh LoRA to train, if given.

    The base's weights are compared with the checkpoint's files first (`MergedAdapter` when they differ).
    ``init_seed`` alone decides where ``trainable`` starts. Raises as `open_subject` does.
    """
    if trainable is not None and init_seed is None:
        raise UsageError("an adapter's initialisation needs its own seed", do="init_seed=0")
    if isinstance(model, SubjectModel):
        raise UsageError("this model has a ledger", do="model.book.train(config, init_seed=0)")
    require_files(model)
    ledger = Ledger(model, force=force)
    ledger.activate(stack)
    if trainable is not None and init_seed is not None:
        ledger.train(trainable, name=name, init_seed=init_seed)
    if prove:
        ledger.prove()
    return ledger


def switch(model: SubjectModel, stack: Sequence[Adapter], *, prove: bool = True) -> SubjectModel:
    """The same base with another stack acting, nothing being loaded twice; ``model`` is out of use then.

    Raises as `open_subject` does, the old stack then acting again, and `UsageError` for a subject with
    interventions.
    """
    _require_switchable(model)
    ledger = model.book
    before = ledger.stack
    ledger.activate(stack)
    try:
        proof = ledger.prove() if prove else None
    except Exception:
        ledger.activate(before)
        raise
    return _view(ledger, proof, None)


@contextmanager
def with_stack(
    model: SubjectModel, stack: Sequence[Adapter | str], *, prove: bool = False
) -> Iterator[SubjectModel]:
    """Within the block another stack acts, on the model that is yielded; no trace afterwards, come what may.

    Adapters may be given by their names in ``model.stack``: ``with_stack(model, ())`` is the base.
    """
    _require_switchable(model)
    own = {adapter.name: adapter for adapter in model.stack}
    unknown = [each for each in stack if isinstance(each, str) and each not in own]
    if unknown:
        raise UsageError(f"{unknown[0]} is not in the stack", right=", ".join(own) or "the stack is empty")
    wanted = as_stack([own[each] if isinstance(each, str) else each for each in stack])
    ledger = model.book
    ledger.require(model.stack)
    with ledger.active(wanted):
        yield _view(ledger, ledger.prove() if prove else None, None)


def as_model(ledger: Ledger) -> SubjectModel:
    """The model of a ledger with what acts on it now, for every function that takes a model.

    An adapter under training is in its binding as ``unsaved:NAME``: what is made then belongs to no file.
    """
    return _view(ledger, None, None)


def _require_switchable(model: SubjectModel) -> None:
    # They are bound to the model that was opened, and would act on every other stack unsaid.
    if model.interventions:
        raise UsageError(
            "a subject with interventions cannot be switched",
            do="open it without them, switch, and use intervene(model, ...)",
        )


def _view(ledger: Ledger, proof: Proof | None, subject: Subject | None) -> SubjectModel:
    base: dict[str, Any] = {own.name: getattr(ledger.model, own.name) for own in fields(Model)}
    base["interventions"] = subject.interventions if subject else ()
    base["adapters"] = ledger.identities
    return SubjectModel(**base, ledger=ledger, stack=ledger.acting, proof=proof, subject=subject)


def require_files(model: Model) -> None:
    """Nothing when the base's weights are those of its folder, as far as file and network share names.

    Raises `MergedAdapter` otherwise.
    """
    from safetensors import safe_open

    folder = find_folder(model.checkpoint.name, model.checkpoint.revision or None)[0]
    own, n_compared = dict(base_parameters(model.module)), 0
    for path in weight_files(Path(folder)):
        with safe_open(path, framework="pt") as file:
            for name in file.keys():  # noqa: SIM118
                if name not in own:
                    continue
                held = own[name].detach()
                stored = file.get_tensor(name)
                n_compared += 1
                if stored.shape == held.shape and not bool((stored.to(held.dtype) == held.cpu()).all()):
                    raise MergedAdapter(
                        f"{name} is not what {model.checkpoint.name} holds: something was merged or trained",
                        right="adapters are stacked on the checkpoint's own weights",
                        do="load the checkpoint anew",
                    )
    if not n_compared:
        log.warning("no weight of %s has the name it has in its file: none was compared", folder)


def _one_thread() -> Any:
    owner = threading.get_ident()

    def before(_module: Any, _args: Any) -> None:
        if threading.get_ident() != owner:
            raise InactiveAdapter(
                "the subject's interventions act in the thread that opened it only",
                do="open the subject in the thread that uses it",
            )

    return before
