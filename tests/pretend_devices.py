"""Two devices that are not there: tensors with real values that say ``xla:0`` or ``xla:1``, and do not mix.

Every operation within `pretended` is computed on the CPU, after it was checked that its tensors lie on one
device, as a GPU would demand; so is every operation of a backward pass. What it cannot show: memory, speed,
and kernels of real accelerators.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from importlib import import_module
from unittest.mock import patch

import accelerate
import torch
import transformers
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

from eudaimon.models import load, spread

CPU, ANY = torch.device("cpu"), torch.device("meta")
FIRST, SECOND = torch.device("xla:0"), torch.device("xla:1")


class Mixed(RuntimeError):
    """An operation was given tensors of two devices."""


class Placed(torch.Tensor):
    """A tensor of the CPU that says that it lies on another device."""

    @staticmethod
    def __new__(cls, held, device):
        return torch.Tensor._make_wrapper_subclass(
            cls,
            held.shape,
            strides=held.stride(),
            storage_offset=held.storage_offset(),
            dtype=held.dtype,
            # What C++ sees: a device that has no kernels, and a guard that does nothing.
            device="meta",
            requires_grad=held.requires_grad,
        )

    def __init__(self, held, device):
        self.held, self.place = held, torch.device(device)

    @property
    def device(self):
        """The device that it says."""
        return self.place

    def tolist(self):
        return self.held.tolist()

    def __repr__(self, **_):
        return f"Placed({self.held!r}, {self.device})"

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        return computed(func, args, kwargs or {})


class Pretended(TorchDispatchMode):
    """Sends every operation through `computed`, also those that make a tensor from nothing."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        return computed(func, args, kwargs or {})


class Moved(torch.autograd.Function):
    """A move that takes its gradient back to where the tensor came from: torch's own sees one device."""

    @staticmethod
    def forward(ctx, value, args, kwargs):
        ctx.source = value.device
        return value.to(*args, **kwargs)

    @staticmethod
    def backward(ctx, gradient):
        return gradient.to(ctx.source), None, None


class Built(TorchFunctionMode):
    """Lets ``torch.tensor`` make its tensor on the CPU and move it: it works below all operations."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        if func is torch.tensor and kwargs.get("device") is not None:
            device = kwargs.pop("device")
            return func(*args, **kwargs).to(device)
        if func is torch.Tensor.to and args[0].requires_grad and torch.is_grad_enabled():
            target = torch._C._nn._parse_to(*args[1:], **kwargs)[0]
            if target is not None and target != args[0].device:
                return Moved.apply(args[0], args[1:], kwargs)
        return func(*args, **kwargs)


@contextmanager
def pretended() -> Iterator[None]:
    """Within the block tensors may be put on ``xla:0`` and ``xla:1``, and models be trained there."""
    with ExitStack() as stack:
        for place, name, value in (
            # Tensors of inference mode cannot be wrapped.
            (torch, "inference_mode", torch.no_grad),
            # A trainer's own device is the first GPU.
            (transformers.TrainingArguments, "device", property(lambda _: FIRST)),
            (accelerate.Accelerator, "device", property(lambda _: FIRST)),
            # What optimisers ask in C++, where all pretended devices are one.
            (torch._C, "_group_tensors_by_device_and_dtype", grouped),
            (
                import_module("torch.optim.optimizer"),
                "_get_fused_kernels_supported_devices",
                lambda: ["cpu", FIRST.type],
            ),
        ):
            stack.enter_context(patch.object(place, name, value))
        stack.enter_context(Pretended())
        stack.enter_context(Built())
        yield


def untied(folder):
    """The model of a folder with a head of its own, which may lie on another device than the embedding."""
    model = load(folder)
    head = model.module.lm_head
    head.weight = torch.nn.Parameter(head.weight.detach().clone(), requires_grad=False)
    model.module.config.tie_word_embeddings = False
    return model


def divided(model):
    """The model with its second half of blocks, norm and head on the second device."""
    from accelerate import dispatch_model

    n = model.n_layers
    places = {"model.embed_tokens": FIRST, "model.rotary_emb": FIRST, "model.norm": SECOND, "lm_head": SECOND}
    places |= {f"model.layers.{k}": FIRST if k < n // 2 else SECOND for k in range(n)}
    module = dispatch_model(model.module, places, main_device=FIRST)
    assert spread.devices(module) == (FIRST, SECOND) and spread.input_device(module) == FIRST
    return replace(model, module=module, device=FIRST)


def grouped(lists, with_indices=False):
    """The tensors of parallel lists by the device and type of those of the first, with their places."""
    found = {}
    for index, first in enumerate(lists[0]):
        columns, places = found.setdefault((first.device, first.dtype), ([[] for _ in lists], []))
        for column, values in zip(columns, lists, strict=True):
            if values:
                column.append(values[index])
        if with_indices:
            places.append(index)
    return found


def computed(func, args, kwargs):
    """The operation on what the tensors hold, its results where these lie; raises `Mixed` for two places."""
    with torch._C._DisableTorchDispatch():
        flat, _ = tree_flatten((args, kwargs))
        tensors = [each for each in flat if isinstance(each, torch.Tensor)]
        target = kwargs.get("device")
        moves = "_to_copy" in str(func) or "copy_" in str(func)
        # A number in a tensor of no dimension may come from the CPU, as on a GPU; but not into a join.
        joins = any(name in str(func) for name in ("aten.stack", "aten.cat"))
        devices = {each.device for each in tensors if joins or each.ndim or each.device != CPU}
        indexing = "index" in str(func)
        if indexing:  # indices may come from the CPU
            devices = {tensors[0].device} | (devices - {CPU})
        # What C++ takes from a tensor is the device that it sees, which fits all others.
        devices -= {ANY} if len(devices) > 1 else set()
        where = torch.device(target) if target is not None else None
        if where == ANY and tensors:
            where = None
        if len(devices) > 1 and not moves:
            raise Mixed(f"{func} of tensors on {', '.join(sorted(map(str, devices)))}")
        if where is None:
            where = tensors[0].device if moves and tensors else next(iter(devices), CPU)
        plain = {key: CPU if key == "device" else value for key, value in kwargs.items()}
        out = func(*tree_map(_held, args), **tree_map(_held, plain))
        if where == CPU:
            return out
        known = {id(each.held): each for each in tensors if isinstance(each, Placed)}
        return tree_map(lambda each: _placed(each, where, known), out)


def _held(value):
    return value.held if isinstance(value, Placed) else value


def _placed(value, device, known):
    if not isinstance(value, torch.Tensor):
        return value
    # In-place operations give back what they were given.
    return known[id(value)] if id(value) in known else Placed(value, device)
