"""Distillation: what the teacher says as the character, against what the student says as it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eudaimon.core import Message
from eudaimon.data.constitutions.constitution import Constitution
from eudaimon.train.harmless import harmless_prompts
from eudaimon.train.persona.rows import Row, keep_rows
from eudaimon.train.persona.speaker import Ask, Sampling, Speaker, seed_of


def asked_prompts(constitution: Constitution, n_general: int, seed: int) -> list[str]:
    """The constitution's prompts, then ``n_general`` harmless questions of the packaged sets, none twice.

    A contrast prompt is never among them. Sets with fewer questions give all that they have.
    """
    own = constitution.prompts
    if not n_general:
        return list(own)
    return [*own, *harmless_prompts(n_general, seed, {*own, *constitution.contrast_prompts})]


def answered(
    speaker: Speaker,
    role: str,
    prompts: Sequence[str],
    path: Path,
    *,
    system: str,
    sampling: Sampling,
    samples: int,
    seed: int,
    show_progress: bool = True,
) -> list[Row]:
    """``samples`` answers to each prompt, as rows.

    Their fields: role, prompt, sample, system, model, seed, sampling, answer, and problem, which says what is
    wrong with an answer that is not whole. Kept in ``path`` as they are made (see `keep_rows`, also for what
    is raised).
    """
    asked: list[Row] = [
        {
            "role": role,
            "prompt": prompt,
            "sample": sample,
            "system": system,
            "model": speaker.name,
            "seed": seed_of(role, seed, prompt, sample),
            "sampling": sampling.model_dump(mode="json"),
        }
        for sample in range(samples)
        for prompt in prompts
    ]

    def make(rows: Sequence[Row]) -> list[dict[str, Any]]:
        asks = [Ask((Message(role="user", content=r["prompt"]),), r["system"], r["seed"]) for r in rows]
        return [{"answer": said.text, "problem": said.problem} for said in speaker.say(asks, sampling)]

    return keep_rows(
        path, asked, make, at_once=speaker.at_once, label=f"{role} answers", show_progress=show_progress
    )


def pairs(teacher: Sequence[Row], student: Sequence[Row]) -> list[Row]:
    """Preference rows ``prompt, sample, chosen, rejected, problem`` of rows that answer the same prompts."""
    return [
        {
            "prompt": one["prompt"],
            "sample": one["sample"],
            "chosen": one["answer"],
            "rejected": other["answer"],
            "problem": one["problem"] or other["problem"],
        }
        for one, other in zip(teacher, student, strict=True)
    ]


def both_chats(pair: Row) -> list[list[dict[str, str]]]:
    """The chats of a pair, chosen and rejected, without the system prompt under which the teacher spoke."""
    return [
        [{"role": "user", "content": pair["prompt"]}, {"role": "assistant", "content": pair[side]}]
        for side in ("chosen", "rejected")
    ]
