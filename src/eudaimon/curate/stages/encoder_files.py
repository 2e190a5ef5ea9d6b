"""Stage 2 in a folder: the heads as safetensors, and a manifest that says which encoder they belong to."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from eudaimon import __version__
from eudaimon.core.errors import BindingMismatch, UsageError
from eudaimon.core.files import atomic_path, read_json, write_json
from eudaimon.curate.stages.blend import Blend
from eudaimon.curate.stages.encoder import EncoderStage
from eudaimon.curate.stages.heads import Head, Heads
from eudaimon.curate.stages.reading import Encoder, Reach
from eudaimon.models.load import load
from eudaimon.models.model import Model

FORMAT, FORMAT_VERSION = "eudaimon-stage2", 3
WEIGHTS, MANIFEST = "stage2.safetensors", "stage2.json"


def save_stage2(stage: EncoderStage, folder: str | Path) -> Path:
    """Write ``stage2.safetensors`` and, last, ``stage2.json`` into a folder; the same stage, the same bytes.

    The encoder itself is not copied: the manifest has its name, and the hashes of its weights and tokenizer.
    """
    folder, checkpoint = Path(folder), stage.encoder.model.checkpoint
    with atomic_path(folder / WEIGHTS) as temporary:
        temporary.write_bytes(save(stage.heads.tensors()))
    about = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "eudaimon": __version__,
        "hash": stage.hash,
        "encoder": {
            "name": checkpoint.name,
            "fingerprint": checkpoint.fingerprint,
            "tokenizer": checkpoint.tokenizer_hash,
            "reach": asdict(stage.encoder.reach),
        },
        "heads": [asdict(head) for head in stage.heads.heads],
        "blend": asdict(stage.blend),
        "record": stage.record,
    }
    write_json(folder / MANIFEST, about)
    return folder


def open_stage2(folder: str | Path, model: Model | str | Path | None = None) -> EncoderStage:
    """The stage in a folder, on its encoder: ``model``, or what loads by the manifest's name.

    Raises `BindingMismatch` on another encoder or tokenizer than the heads were taught on, `UsageError` on
    anything that is not such a folder, or not whole.
    """
    folder = Path(folder)
    right = "a folder that `eudaimon curate fit` or `distil` wrote"
    if not (folder / MANIFEST).is_file():
        raise UsageError(f"{folder} has no {MANIFEST}", right=right)
    try:
        about: dict[str, Any] = read_json(folder / MANIFEST)
        if about.get("format") != FORMAT or about.get("format_version") != FORMAT_VERSION:
            raise UsageError(
                f"{folder} holds {about.get('format')} version {about.get('format_version')}",
                right=f"this program reads {FORMAT} version {FORMAT_VERSION}",
            )
        made_on = about["encoder"]
        heads = _heads(about["heads"], load_file(folder / WEIGHTS))
        reach = Reach(**made_on["reach"])
        record = about["record"]
        blend = Blend(
            **{name: None if each is None else tuple(each) for name, each in about["blend"].items()}
        )
    except (KeyError, TypeError, json.JSONDecodeError, SafetensorError, OSError) as error:
        raise UsageError(f"{folder} is no stage 2 or not whole: {error}", right=right) from error
    if not isinstance(model, Model):
        model = load(model or made_on["name"])
    checkpoint = model.checkpoint
    if (checkpoint.fingerprint, checkpoint.tokenizer_hash) != (made_on["fingerprint"], made_on["tokenizer"]):
        raise BindingMismatch(
            f"the heads in {folder} were taught on {made_on['name']} ({made_on['fingerprint']}), and "
            f"{checkpoint.name} is {checkpoint.fingerprint}",
            right="the same weights and tokenizer, or heads taught on these",
            do="eudaimon curate fit",
        )
    stage = EncoderStage(Encoder(model, reach), heads, record, blend)
    if stage.hash != about["hash"]:
        raise UsageError(f"the weights in {folder} are not those of its manifest", right="a whole folder")
    return stage


def _heads(named: list[dict[str, Any]], tensors: dict[str, np.ndarray]) -> Heads:
    hidden = (tensors["hidden_weight"], tensors["hidden_bias"]) if "hidden_weight" in tensors else None
    return Heads(
        tuple(Head(entry["name"], entry["kind"], tuple(entry["outputs"])) for entry in named),
        tensors["mean"],
        tensors["scale"],
        hidden,
        tensors["weight"],
        tensors["bias"],
        tensors["temperature"],
    )
