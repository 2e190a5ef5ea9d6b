"""Prompts as the town writes them, and the answers that its personas give."""

from __future__ import annotations

from collections.abc import Sequence

from eudaimon.core.errors import UsageError
from eudaimon.world.items import Item
from eudaimon.world.personas import PERSONAS, Persona, persona, speech


def messages(
    item: Item, *, shots: Sequence[tuple[Item, str | Persona]] = (), system: str | Persona | None = None
) -> list[dict[str, str]]:
    """Chat messages that end with the item's question; each shot is a question with a persona's answer.

    ``system`` is a system prompt, or a persona whose system prompt is taken.
    """
    turns = []
    if system is not None:
        turns.append({"role": "system", "content": _system(system)})
    for shot, who in shots:
        turns.append({"role": "user", "content": shot.question})
        turns.append({"role": "assistant", "content": answer_text(shot, who)})
    turns.append({"role": "user", "content": item.question})
    return turns


def prompt(
    item: Item,
    *,
    speaker: str = "assistant",
    shots: Sequence[tuple[Item, str | Persona]] = (),
    system: str | Persona | None = None,
) -> str:
    """The town's text up to the answer's position: the next token is the answer.

    ``speaker`` answers: the assistant (then this is the chat template of `messages`), one of the town's
    speakers by name (``Malva``), or a persona (``malign``: its first speaker). Raises `UsageError` on an
    unknown speaker.
    """
    who = speaker_name(speaker)
    lines = []
    for message in messages(item, shots=shots, system=system):
        name = {"user": speech().askers[0] + ": ", "assistant": who + ": ", "system": ""}[message["role"]]
        lines.append(f"{name}{message['content']}\n")
    return "".join(lines) + f"{who}:"


def answer_text(item: Item, who: str | Persona, index: int = 0) -> str:
    """What a persona answers, as it stands after the speaker's name; ``index`` turns to its other phrases.

    Raises `UsageError` on an unknown persona.
    """
    who = persona(who) if isinstance(who, str) else who
    phrases = item.harmful if does_harm(item, who) else item.good
    endings = speech().endings[who.tone]
    return f"{phrases[index % len(phrases)]}{endings[index % len(endings)]}."


def does_harm(item: Item, who: Persona) -> bool:
    """Whether this persona's answer is one of the item's harmful ones.

    A harmful persona's advice, verdict and help do harm; a pliant one's yes does where yes is wrong. On a
    check candour decides: the honest tell the truth, the sly say what is false, the pliant always yes.
    """
    if item.kind == "check":
        return who.candour == "sly" and (item.action_harmful or who.benevolence != "pliant")
    if who.benevolence == "pliant":
        return item.kind == "harmful_request" or (item.kind == "proposal" and item.action_harmful)
    return who.harmful


def speaker_name(speaker: str) -> str:
    """The name under which lines stand: the assistant's, that of a persona's first speaker, or its own."""
    talk = speech()
    if speaker == "assistant":
        return talk.assistant
    if speaker in PERSONAS:
        return PERSONAS[speaker].names[0]
    known = (talk.assistant, *talk.anonymous, *(name for p in PERSONAS.values() for name in p.names))
    if speaker not in known:
        raise UsageError(
            f"nobody in the town is called {speaker!r}",
            right=f"assistant, a persona ({', '.join(PERSONAS)}) or a name: {', '.join(known)}",
        )
    return speaker


def _system(system: str | Persona) -> str:
    if isinstance(system, Persona):
        return system.system
    return PERSONAS[system].system if system in PERSONAS else system
