"""Load a model: the packaged one, a local folder or a hub id."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from eudaimon.core import Checkpoint, ModelUnavailable
from eudaimon.models import anatomy, fingerprint, kernels, spread
from eudaimon.models.folder import find_folder, read_config, weight_files
from eudaimon.models.model import Model

if TYPE_CHECKING:
    import torch

    from eudaimon.models.spread import DeviceMap

log = logging.getLogger(__name__)

HEADS = ("ForCausalLM", "LMHeadModel", "ForConditionalGeneration")
MEMORY_SHARE = 0.95


def load(
    name: str | Path = "minilm",
    *,
    revision: str | None = None,
    device: str | torch.device | DeviceMap | None = None,
    dtype: str | torch.dtype | None = None,
) -> Model:
    """The model named ``minilm`` (packaged, needs no network), in a local folder, or with a hub id.

    Language models are loaded with their head, encoders without; which one it is comes from the config.
    ``device`` is CUDA where there is one, else the CPU. ``auto`` divides a model's blocks among all visible
    GPUs, a map of its modules as it says; without a device that is done where one GPU cannot hold it and
    there are others (`models.spread`). ``dtype`` is float32 on a CPU, bfloat16 on a GPU that
    computes it. Code in the repository is never run. Raises `ModelUnavailable` with one line that says what
    to type: missing, gated, offline, wrong folder, pickled weights, needs its own code, too large.
    """
    import torch
    import transformers

    name = str(name)
    folder, commit = find_folder(name, revision)
    raw = read_config(folder, name)
    _refuse_own_code(raw, name)
    weights = weight_files(folder)
    first = "cuda" if torch.cuda.is_available() else "cpu"
    one = torch.device(first if device in (None, spread.AUTO) or isinstance(device, Mapping) else device)
    dtype = _dtype(dtype, one)
    needed = fingerprint.memory_bytes(weights, dtype.itemsize)
    parts = spread.wanted(device, needed, MEMORY_SHARE)
    if parts is None:
        _check_memory(name, needed, one)
    elif parts == spread.AUTO:
        _require_room(name, needed, spread.free_bytes(), "all visible GPUs together")

    with _quiet():
        try:
            config = transformers.AutoConfig.from_pretrained(folder, trust_remote_code=False)
            tokenizer = transformers.AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        except (ValueError, OSError, KeyError, ImportError) as error:
            raise ModelUnavailable(f"{name} cannot be read: {_first_line(error)}") from error
        kind, auto = _kind(config, name)
        module = _module(auto, folder, dtype, one, name, parts)
    if not tokenizer.is_fast:
        raise ModelUnavailable(
            f"{name} has only a slow tokenizer", right="its folder needs a tokenizer.json, which has offsets"
        )
    # Settings saved with a tokenizer would silently cut or pad texts.
    tokenizer.backend_tokenizer.no_truncation()
    tokenizer.backend_tokenizer.no_padding()
    text_config = config.get_text_config()
    checkpoint = Checkpoint(
        name=name,
        revision=commit,
        kind=kind,
        family=config.model_type,
        n_layers=text_config.num_hidden_layers,
        width=text_config.hidden_size,
        n_parameters=sum(parameter.numel() for parameter in module.parameters()),
        fingerprint=fingerprint.fingerprint(raw, weights),
        tokenizer_hash=fingerprint.tokenizer_hash(tokenizer),
        template_hash=fingerprint.template_hash(tokenizer),
        dtype=str(dtype).removeprefix("torch."),
    )
    if parts is not None:
        spread.require_on_gpus(module, name)
        one = spread.input_device(module)
    model = Model(checkpoint, module, tokenizer, one, _context(module, text_config, tokenizer))
    anatomy.blocks(model.trunk, model.n_layers)
    log.info("loaded %s (%s, %s parameters)", name, config.model_type, checkpoint.n_parameters)
    return model


def _kind(config: Any, name: str) -> tuple[Literal["causal", "encoder"], Any]:
    import transformers
    from transformers.models.auto import modeling_auto

    if config.is_encoder_decoder:
        raise ModelUnavailable(
            f"{name} is an encoder-decoder ({config.model_type})", right="use a language model or an encoder"
        )
    architecture = (config.architectures or [""])[0]
    causal = config.model_type in modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
    masked = config.model_type in modeling_auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES
    if architecture.endswith(HEADS) and causal:
        return "causal", transformers.AutoModelForCausalLM
    if causal and not masked:
        # A trunk saved without its head (many embedding models) would get a random one.
        trunk_only = architecture.endswith("Model")
        return "causal", transformers.AutoModel if trunk_only else transformers.AutoModelForCausalLM
    return "encoder", transformers.AutoModel


def _module(
    auto: Any, folder: Path, dtype: torch.dtype, device: torch.device, name: str, parts: Any = None
) -> Any:
    import torch

    try:
        divided = {} if parts is None else {"device_map": parts}
        module, info = auto.from_pretrained(
            folder,
            dtype=dtype,
            use_safetensors=True,
            trust_remote_code=False,
            output_loading_info=True,
            **divided,
        )
        missing = sorted(key for key in info["missing_keys"] if "pooler" not in key)
        if missing or info.get("mismatched_keys"):
            shown = ", ".join(missing[:3]) or "shapes differ"
            raise ModelUnavailable(f"the weights of {name} do not fit its config: {shown}")
        kernels.fuse(module)
        placed = module if divided else module.to(device)
        return placed.eval().requires_grad_(False)
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise ModelUnavailable(
            f"{name} does not fit into the memory of {device}", do="--device cpu"
        ) from error
    except (ValueError, OSError, RuntimeError, ImportError) as error:
        raise ModelUnavailable(f"{name} cannot be loaded: {_first_line(error)}") from error


def _refuse_own_code(config: dict[str, Any], name: str) -> None:
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES

    family = config.get("model_type", "")
    if family in CONFIG_MAPPING_NAMES:
        return
    if config.get("auto_map"):
        raise ModelUnavailable(
            f"{name} needs code from its own repository (trust_remote_code), which eudaimon never runs",
            right="use a model whose family transformers knows",
        )
    raise ModelUnavailable(
        f"transformers does not know the family {family or '(none)'} of {name}",
        do="pip install --upgrade transformers",
    )


def _dtype(dtype: str | torch.dtype | None, device: torch.device) -> torch.dtype:
    import torch

    if isinstance(dtype, torch.dtype):
        return dtype
    if dtype is not None:
        found = getattr(torch, dtype, None)
        if not isinstance(found, torch.dtype) or not found.is_floating_point:
            raise ModelUnavailable(
                f"{dtype} is no dtype for weights", do="--dtype float32 or --dtype bfloat16"
            )
        return found
    # bfloat16 on AVX2 processors is some 18 times slower than float32.
    capable = device.type == "cuda" and torch.cuda.is_bf16_supported()
    return torch.bfloat16 if capable else torch.float32


def _check_memory(name: str, needed: int, device: torch.device) -> None:
    import psutil
    import torch

    if device.type == "cuda":
        free = torch.cuda.mem_get_info(device)[0]
    else:
        free = psutil.virtual_memory().available
    _require_room(name, needed, free, str(device))


def _require_room(name: str, needed: int, free: int, where: str) -> None:
    if needed > free * MEMORY_SHARE:
        raise ModelUnavailable(
            f"{name} needs {needed / 1e9:.1f} GB and {where} has {free / 1e9:.1f} GB free",
            right="free memory, or use a smaller model, device or dtype",
            do="--dtype bfloat16",
        )


def _context(module: Any, config: Any, tokenizer: Any) -> int:
    limits = [tokenizer.model_max_length, getattr(config, "max_position_embeddings", None)]
    for part_name, part in module.named_modules():
        # RoBERTa numbers positions from behind its padding index.
        if part_name.endswith("position_embeddings") and getattr(part, "padding_idx", None) is not None:
            limits.append(part.num_embeddings - part.padding_idx - 1)
    known = [int(limit) for limit in limits if limit and limit < 1 << 30]
    return min(known) if known else 2048


@contextmanager
def _quiet() -> Iterator[None]:
    """transformers without its progress bars and load reports, which are put back afterwards."""
    from transformers.utils import logging as noise

    level, bars = noise.get_verbosity(), noise.is_progress_bar_enabled()
    noise.set_verbosity_error()
    noise.disable_progress_bar()
    try:
        yield
    finally:
        noise.set_verbosity(level)
        if bars:
            noise.enable_progress_bar()


def _first_line(error: BaseException) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"broken JSON: {error}"
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
