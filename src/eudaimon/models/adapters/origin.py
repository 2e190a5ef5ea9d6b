"""What an adapter was trained on, written beside its weights: the base, the seed, the frozen stack."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from eudaimon.core import UsageError
from eudaimon.core.files import write_json

ORIGIN = "adapter_origin.json"


class Origin(BaseModel):
    """Where an adapter comes from.

    ``base`` is the fingerprint of the checkpoint that it was trained on (empty where nobody knows), ``stack``
    the identities of the adapters that were frozen and active meanwhile, in order.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    base: str
    base_name: str = ""
    stack: tuple[str, ...] = ()
    init_seed: int | None = None
    random_like: str = ""
    """For a norm-matched random adapter, the fingerprint of the one that it stands beside."""
    random_seed: int | None = None

    def write(self, folder: Path) -> Path:
        """Write it into an adapter's folder, atomically, and return the path."""
        return write_json(folder / ORIGIN, self.model_dump(mode="json"))


def read_origin(folder: Path) -> Origin | None:
    """The origin in an adapter's folder, None where nobody wrote one; raises `UsageError` on a broken one."""
    path = folder / ORIGIN
    if not path.is_file():
        return None
    try:
        return Origin.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise UsageError(f"{path} is no origin of an adapter: {error.errors()[0]['msg']}") from error
