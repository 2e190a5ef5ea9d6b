"""What verdicts do to one request: the server's policy, tightened, or loosened where that is allowed."""

from __future__ import annotations

from eudaimon.serve.asked import Mode
from eudaimon.serve.http.bodies import ModerationBody, SideMode
from eudaimon.serve.http.settings import Settings

STRICTNESS: dict[Mode, int] = {"off": 0, "score": 1, "block": 2}


def modes(settings: Settings, asked: ModerationBody | None) -> tuple[Mode, Mode]:
    """What a verdict on input and output does: the stricter of server and request, or as asked if allowed.

    A side at which nobody looks (``off``) stays so: a request cannot bring a monitor along.
    """
    policy = asked.policy if asked else None
    return (
        _mode(settings.input, policy.input if policy else None, settings.allow_policy),
        _mode(settings.output, policy.output if policy else None, settings.allow_policy),
    )


def _mode(server: Mode, asked: SideMode | None, may_loosen: bool) -> Mode:
    if asked is None or server == "off":
        return server
    return asked.mode if may_loosen or STRICTNESS[asked.mode] > STRICTNESS[server] else server
