"""A stack merged into the weights of a checkpoint of its own, which says so about itself.

Merged and stacked cells are different pipelines: what is trained on top of merged weights starts elsewhere in
weight space, and its adapter fits no other base. A merged checkpoint therefore carries a record, and
`require_unmerged` refuses it where stacks are compared.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from eudaimon.core import UsageError
from eudaimon.core.files import write_json
from eudaimon.models.adapters.adapter import Adapter, as_stack
from eudaimon.models.adapters.errors import MergedAdapter
from eudaimon.models.folder import TOKENIZERS, find_folder

MERGED = "merged_adapters.json"
RELATIVE = 0.02
"""How far the merged checkpoint's logits may be from the stack's, of the largest: rounding in bfloat16."""
TOKENIZER_FILES = (*TOKENIZERS, "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
                   "chat_template.jinja", "merges.txt", "generation_config.json")  # fmt: skip


class Merged(BaseModel):
    """What was merged: the fingerprint of the base, names and identities of the adapters, in order.

    ``difference`` is the largest absolute difference of a logit between merged weights, as read from the
    files, and the stack.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    base: str
    names: tuple[str, ...]
    stack: tuple[str, ...]
    difference: float


def merged_checkpoint(checkpoint: str | Path, stack: Sequence[Adapter], folder: str | Path) -> Path:
    """The checkpoint ``folder``, whose weights are those of ``checkpoint`` plus the updates of ``stack``.

    The stack is proven to act first, and the files are read back: raises `MergedAdapter` when their logits
    on the probe are further from the stack's than rounding, `UsageError` for an empty stack and for a
    folder that is not empty, and what `open_subject` raises.
    """
    from eudaimon.models.adapters.opening import open_subject
    from eudaimon.models.adapters.proof import probe
    from eudaimon.models.adapters.subject import Subject
    from eudaimon.models.load import load

    stack, folder = as_stack(stack), Path(folder)
    if not stack:
        raise UsageError("there is nothing to merge: the stack is empty", right="one adapter at least")
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty", right="a new folder")
    model = open_subject(Subject(str(checkpoint), stack))
    wanted = probe(model).cpu()
    tuner: Any = model.book.peft
    tuner.merge_and_unload(safe_merge=True).save_pretrained(folder)
    source, _ = find_folder(str(checkpoint))
    for name in TOKENIZER_FILES:
        if (source / name).is_file() and not (folder / name).is_file():
            shutil.copyfile(source / name, folder / name)
    dtype = model.checkpoint.dtype
    del model, tuner
    found = probe(load(folder, dtype=dtype)).cpu()
    difference = float((found - wanted).abs().max())
    if not difference <= RELATIVE * float(wanted.abs().max()):
        raise MergedAdapter(
            f"the merged weights differ from the stack by up to {difference:.3g} in a logit",
            right=f"by rounding: at most {RELATIVE:.0%} of the largest logit",
        )
    about = Merged(
        base=Subject(str(checkpoint)).fingerprint,
        names=tuple(adapter.name for adapter in stack),
        stack=tuple(adapter.identity for adapter in stack),
        difference=difference,
    )
    write_json(folder / MERGED, about.model_dump(mode="json"))
    return folder


def read_merged(checkpoint: str | Path) -> Merged | None:
    """What was merged into a checkpoint, None where no record says so; `UsageError` on a broken record."""
    path = Path(checkpoint) / MERGED
    if not path.is_file():
        return None
    try:
        return Merged.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise UsageError(f"{path} is no record of merged adapters: {error.errors()[0]['msg']}") from error


def require_unmerged(checkpoint: str | Path, where: str = "") -> None:
    """Nothing for a checkpoint without merged adapters; raises `MergedAdapter` that names ``where``."""
    found = read_merged(checkpoint)
    if found is not None:
        raise MergedAdapter(
            f"{where or checkpoint} has {', '.join(found.names)} merged into its weights",
            right="a stack on the base itself: merged and unmerged cells are not compared with one another",
        )
