"""The options of ``eudaimon serve``: what is served, who may ask, what is kept, and how much is enough."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from typer import Option

if TYPE_CHECKING:
    from eudaimon.serve.http.settings import Limits

TOKENS_VARIABLE = "EUDAIMON_TOKENS"
SHORTEST_TOKEN = 16
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Steering(StrEnum):
    """What is done along a direction."""

    value: Literal["cap", "ablate"]
    cap = "cap"
    ablate = "ablate"


@dataclass(frozen=True)
class Upstream:
    """Another server whose answers are guarded."""

    upstream: Annotated[
        str | None,
        Option(help="Guard this OpenAI-compatible server instead; MODEL is then the guard.", metavar="URL",
               rich_help_panel="Another server"),
    ] = None  # fmt: skip
    upstream_model: Annotated[
        str,
        Option(help="Its model. Default: its only one.", metavar="NAME", rich_help_panel="Another server"),
    ] = ""
    upstream_key_env: Annotated[
        str,
        Option(help="Environment variable with its key.", metavar="NAME", rich_help_panel="Another server"),
    ] = ""
    side_by_side: Annotated[
        bool,
        Option("--side-by-side", help="Ask it while the query is read; nothing is sent before that passed.",
               rich_help_panel="Another server"),
    ] = False  # fmt: skip


@dataclass(frozen=True)
class Along:
    """What else follows an answer as it is made."""

    calibration: Annotated[
        Path | None, Option(help="Thresholds for growing answers.", metavar="FILE", rich_help_panel="Answers")
    ] = None
    hold_back: Annotated[
        int | None,
        Option(
            min=0, help="Tokens kept back beyond those that passed.", metavar="N", rich_help_panel="Answers"
        ),
    ] = None
    layers: Annotated[
        Path | None,
        Option(
            help="YAML that says who is asked where the monitor is unsure.",
            metavar="FILE",
            rich_help_panel="Answers",
        ),
    ] = None
    steer: Annotated[
        Path | None,
        Option(help="After a hit steer along this direction, and end at the next.", metavar="FILE",
               rich_help_panel="Answers"),
    ] = None  # fmt: skip
    steer_how: Annotated[
        Steering, Option(help="Cap the projection, or make it zero.", rich_help_panel="Answers")
    ] = Steering.cap
    drift: Annotated[
        Path | None,
        Option(help="Tell each answer's projection on this direction.", metavar="FILE",
               rich_help_panel="Answers"),
    ] = None  # fmt: skip
    slots: Annotated[
        int, Option(min=1, help="Answers made at once.", metavar="N", rich_help_panel="Answers")
    ] = 32
    queue: Annotated[
        int, Option(min=0, help="Requests that wait; more are told to come back.", metavar="N",
                    rich_help_panel="Answers")
    ] = 128  # fmt: skip


@dataclass(frozen=True)
class Access:
    """Where the server listens and who may ask."""

    host: Annotated[str, Option(help="Address to listen on.", rich_help_panel="Access")] = "127.0.0.1"
    port: Annotated[
        int, Option(min=0, max=65535, help="Port; 0 takes a free one.", rich_help_panel="Access")
    ] = 8000
    tokens: Annotated[
        Path | None,
        Option(help="File of bearer tokens, one a line.", metavar="FILE", rich_help_panel="Access"),
    ] = None
    token_env: Annotated[
        str,
        Option(help="Environment variable of tokens, with commas.", metavar="NAME", rich_help_panel="Access"),
    ] = TOKENS_VARIABLE
    open_to_all: Annotated[
        bool,
        Option("--open-to-all", help="Listen beyond loopback without a token.", rich_help_panel="Access"),
    ] = False
    cors: Annotated[
        list[str] | None,
        Option(help="An origin whose pages may read answers; repeatable.", metavar="ORIGIN",
               rich_help_panel="Access"),
    ] = None  # fmt: skip

    def bearer_tokens(self) -> tuple[str, ...]:
        """The tokens of file and environment; raises `UsageError` where they guard nothing."""
        from eudaimon.core import UsageError

        found = [token.strip() for token in os.environ.get(self.token_env, "").split(",")]
        if self.tokens is not None:
            found += [line.strip() for line in self.tokens.read_text(encoding="utf-8").splitlines()]
        tokens = tuple(dict.fromkeys(token for token in found if token))
        if any(len(token) < SHORTEST_TOKEN or not token.isascii() or " " in token for token in tokens):
            raise UsageError(
                "a token is too short to be secret, or no single word of ASCII",
                right=f"at least {SHORTEST_TOKEN} characters",
                do="python -c 'import secrets; print(secrets.token_urlsafe())' > tokens",
            )
        if self.tokens is not None and not tokens:
            raise UsageError(f"{self.tokens} holds no token", right="one token a line")
        if not tokens and not self.on_loopback and not self.open_to_all:
            raise UsageError(
                f"{self.host} can be reached from other machines, and nobody would need a token",
                right="tokens, or the loopback address",
                do="--tokens FILE, or --host 127.0.0.1, or --open-to-all",
            )
        return tokens

    def hosts(self, tokens: tuple[str, ...]) -> tuple[str, ...]:
        """The names by which the server lets itself be called; any, where a token guards it."""
        return LOOPBACK if self.on_loopback and not tokens else ()

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach the address."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


@dataclass(frozen=True)
class Records:
    """What the server keeps of requests."""

    audit: Annotated[
        Path | None,
        Option(help="Keep every verdict in this SQLite file.", metavar="FILE", rich_help_panel="Records"),
    ] = None
    audit_required: Annotated[
        bool,
        Option("--audit-required", help="Answer nothing whose verdict cannot be kept.",
               rich_help_panel="Records"),
    ] = False  # fmt: skip
    audit_text: Annotated[
        bool, Option("--audit-text", help="Keep the texts there too.", rich_help_panel="Records")
    ] = False
    log_text: Annotated[
        bool, Option("--log-text", help="Log the texts of requests too.", rich_help_panel="Records")
    ] = False


@dataclass(frozen=True)
class Enough:
    """How much one request may bring, and how long anything may take."""

    max_body: Annotated[
        int, Option(min=1, help="Bytes of a body.", metavar="N", rich_help_panel="Limits")
    ] = 1_000_000
    max_turns: Annotated[
        int, Option(min=1, help="Turns of a conversation.", metavar="N", rich_help_panel="Limits")
    ] = 200
    max_characters: Annotated[
        int, Option(min=1, help="Characters of a request's texts.", metavar="N", rich_help_panel="Limits")
    ] = 200_000
    max_new_tokens: Annotated[
        int, Option(min=1, help="Tokens of an answer.", metavar="N", rich_help_panel="Limits")
    ] = 2048
    max_open: Annotated[
        int, Option(min=1, help="Unfinished responses at once.", metavar="N", rich_help_panel="Limits")
    ] = 256
    timeout: Annotated[
        float, Option(min=0.1, help="Seconds for a request.", metavar="SECONDS", rich_help_panel="Limits")
    ] = 120.0
    grace: Annotated[
        float,
        Option(min=0.0, help="Seconds to finish at the end.", metavar="SECONDS", rich_help_panel="Limits"),
    ] = 20.0
    stuck_seconds: Annotated[
        float,
        Option(
            min=0.0,
            help="Seconds for a step of the model; past them the process ends (75). 0: never.",
            metavar="SECONDS",
            rich_help_panel="Limits",
        ),
    ] = 120.0

    def limits(self) -> Limits:
        """The limits that these options mean."""
        from eudaimon.serve.http.settings import Limits

        return Limits(
            body_bytes=self.max_body,
            turns=self.max_turns,
            characters=self.max_characters,
            new_tokens=self.max_new_tokens,
            open_requests=self.max_open,
            request_seconds=self.timeout,
            grace_seconds=self.grace,
            stuck_seconds=self.stuck_seconds,
        )
