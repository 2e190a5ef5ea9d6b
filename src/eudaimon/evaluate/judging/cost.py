"""What judging costs: estimated before anything is asked, and counted afterwards."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from eudaimon.core.errors import BadRows
from eudaimon.evaluate.judging.request import Request

CHARACTERS_PER_TOKEN = 4.0
"""Of English text, about; other languages and code have fewer characters to a token."""
TOKENS_PER_MESSAGE = 6
TOKENS_OF_A_VERDICT = 2.0
"""Of a judge that does not reason; one that does takes hundreds."""


@dataclass(frozen=True)
class Price:
    """What a model costs, in USD for a million tokens."""

    input: float
    output: float

    def usd(self, input_tokens: int, output_tokens: int) -> float:
        """The price of so many tokens in USD."""
        return (self.input * input_tokens + self.output * output_tokens) / 1e6


@dataclass(frozen=True)
class Cost:
    """Requests to a judge: those put, those on record already, tokens, and USD where the price is known."""

    asked: int
    on_record: int
    input_tokens: int
    output_tokens: int
    usd: float | None

    @classmethod
    def of(cls, asked: int, on_record: int, tokens: tuple[int, int], price: Price | None) -> Cost:
        """The cost of so many requests with so many tokens in and out."""
        return cls(asked, on_record, *tokens, price.usd(*tokens) if price else None)


def estimated(
    requests: Sequence[Request],
    on_record: int,
    price: Price | None,
    tokens_of_a_verdict: float = TOKENS_OF_A_VERDICT,
) -> Cost:
    """About what requests will cost that are not on record: a token is taken for four characters."""
    n_in = sum(
        math.ceil((len(each.system) + len(each.user)) / CHARACTERS_PER_TOKEN) + 2 * TOKENS_PER_MESSAGE
        for each in requests
    )
    n_out = math.ceil(tokens_of_a_verdict * len(requests))
    return Cost.of(len(requests), on_record, (n_in, n_out), price)


def read_prices(path: str | Path) -> Mapping[str, Price]:
    """The prices in a YAML file: ``MODEL: {input: USD, output: USD}``, both for a million tokens.

    Raises `BadRows`, naming the file and the model, on anything else.
    """
    path = Path(path)
    try:
        value: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadRows(f"{path} cannot be read: {error}", right="a YAML file") from error
    right = "MODEL: {input: USD, output: USD}, for a million tokens"
    if not isinstance(value, dict):
        raise BadRows(f"{path} is no table of prices", right=right)
    prices = {}
    for model, entry in value.items():
        numbers = [entry.get(side) for side in ("input", "output")] if isinstance(entry, dict) else [None]
        if any(
            isinstance(each, bool) or not isinstance(each, int | float) or not 0 <= each < math.inf
            for each in numbers
        ):
            raise BadRows(f"{path}: the price of {model} is no price", right=right)
        prices[str(model)] = Price(float(entry["input"]), float(entry["output"]))
    return prices
