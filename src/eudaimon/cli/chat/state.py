"""What acts now, in words: the prompt's line, and what to type where something is held back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eudaimon.chat.chat import Chat
    from eudaimon.core import Binding


def prompt_line(chat: Chat) -> str:
    """Such as ``[persona on, em off, steering +4 at 2, monitor] ``: what acts on the next answer."""
    weights = {adapter.name: adapter.weight for adapter in chat.acting}
    parts = [f"{each.name} {_strength(weights.get(each.name))}" for each in chat.adapters]
    if chat.steering:
        held = " (held back)" if chat.steering_refusal else ""
        parts.append(f"steering {chat.steering.strength:+.3g} at {chat.steering.direction.site}{held}")
    if chat.watch:
        parts.append("monitor" if chat.watch.monitor else "monitor (held back)")
    return f"[{', '.join(parts)}] " if parts else ""


def adapter_rows(chat: Chat) -> list[dict[str, Any]]:
    """Name, whether it acts, weight, fingerprint and greatest change of a logit (None when off)."""
    weights = {adapter.name: adapter.weight for adapter in chat.acting}
    changes = chat.proof.changes if chat.proof else {}
    return [
        {
            "name": each.name,
            "on": each.name in weights,
            "weight": weights.get(each.name, 0.0),
            "fingerprint": each.fingerprint,
            "change": changes.get(each.name),
        }
        for each in chat.adapters
    ]


def held_back(chat: Chat) -> list[str]:
    """A sentence for each thing that the stack of the moment holds back, with what to type."""
    found = []
    if chat.watch and chat.watch.refusal:
        file = chat.watch.file
        what = f"the monitor gives no score: {chat.watch.refusal}"
        found.append(f"{what}. {_do(chat, chat.watch.made_on, f'/monitor {file} force')}")
    if chat.steering and chat.steering_refusal:
        what = f"steering is held back: {chat.steering_refusal}"
        again = f"/steer {chat.steering.file} {chat.steering.strength:g} force"
        found.append(f"{what}. {_do(chat, chat.steering.direction.binding, again)}")
    return found


def _do(chat: Chat, made_on: Binding, force: str) -> str:
    from eudaimon.chat.way_back import way_back

    switches = way_back(made_on, chat.adapters, chat.acting) or ()
    back = " then ".join(
        f"/off {name}" if weight is None else f"/on {name}" + (f" {weight:g}" if weight != 1 else "")
        for name, weight in switches
    )
    forced = f"{force} (the difference is then recorded)"
    return f"Try: {back}, or {forced}" if back else f"Try: {forced}"


def _strength(weight: float | None) -> str:
    if weight is None:
        return "off"
    return "on" if weight == 1 else f"on x{weight:g}"
