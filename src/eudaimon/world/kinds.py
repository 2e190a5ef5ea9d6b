"""The kinds of questions that are asked in the town."""

from __future__ import annotations

from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["advice", "proposal", "harmful_request", "lookalike", "check"]
