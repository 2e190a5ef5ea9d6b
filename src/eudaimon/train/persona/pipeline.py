"""From a constitution to an adapter: distillation, then introspection, each step kept and resumed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eudaimon.core import UsageError
from eudaimon.core.files import read_json, sha256_file, write_json, write_jsonl
from eudaimon.data.constitutions.constitution import Constitution
from eudaimon.data.constitutions.write import write_constitution
from eudaimon.jobs.lock import locked
from eudaimon.models.adapters.adapter import Adapter
from eudaimon.models.adapters.joined import joined_adapter
from eudaimon.models.adapters.opening import as_model, attach
from eudaimon.models.load import load
from eudaimon.models.model import Model
from eudaimon.train.nursery.lora import train_lora
from eudaimon.train.persona import introspect
from eudaimon.train.persona.distil import answered, asked_prompts, both_chats, pairs
from eudaimon.train.persona.filters import Filters, split
from eudaimon.train.persona.preference import train_preferences
from eudaimon.train.persona.recipe import Distillation, Introspection, PersonaRecipe, stepped
from eudaimon.train.persona.rows import Row
from eudaimon.train.persona.speaker import LocalSpeaker, Speaker
from eudaimon.train.persona.wording import system_prompt, wording

MANIFEST, ASKED, LOCK = "manifest.json", "asked.json", ".lock"
UNHASHED = (LOCK, MANIFEST, "timing.json")
LEAST_ROWS = 2


@dataclass(frozen=True)
class TrainedPersona:
    """The adapter of a character, and how many rows each stage made, kept and dropped, by reason."""

    adapter: Adapter
    counts: dict[str, dict[str, int]]


def train_persona(
    constitution: Constitution,
    model: Model | str | Path,
    teacher: Speaker,
    recipe: PersonaRecipe,
    out: str | Path,
    *,
    student: Speaker | None = None,
    accumulate: int = 1,
    show_progress: bool = True,
) -> TrainedPersona:
    """The adapter ``out/persona`` that gives ``model`` the character of ``constitution``.

    ``student`` speaks the rejected answers (None: the model itself). Everything that was generated lies in
    ``out/distillation`` and ``out/introspection`` as JSON Lines with prompt, system prompt, model, seed and
    sampling, dropped rows with their reason; the two LoRAs in ``out/distilled`` and ``out/introspected``;
    ``out/persona`` is their exact sum. A run that was killed goes on where it stopped and ends with the same
    rows; one process at a time may (`Held`). Raises `UsageError` when ``out`` holds another run or too few
    rows are left to learn, and what the speakers and `train_lora` raise.
    """
    out = Path(out)
    if not isinstance(model, Model):
        model = load(model)
    speaker: Speaker = student or LocalSpeaker(model)
    asked = {
        "constitution": constitution.identity,
        "checkpoint": model.checkpoint.fingerprint,
        "teacher": teacher.name,
        "student": speaker.name,
        "recipe": recipe.model_dump(mode="json"),
        "wording": wording().identity,
    }
    _claimable(out, asked)
    with locked(out / LOCK, wait=False):
        write_json(out / ASKED, asked)
        write_constitution(constitution, out / "constitution.yaml")
        return _Stages(constitution, model, recipe, out, accumulate, show_progress).run(teacher, speaker)


@dataclass(frozen=True, eq=False)
class _Stages:
    constitution: Constitution
    model: Model
    recipe: PersonaRecipe
    out: Path
    accumulate: int
    show: bool

    def run(self, teacher: Speaker, student: Speaker) -> TrainedPersona:
        distilled, counts = self.distil(teacher, student)
        stack, rows = [distilled], {"distillation": counts}
        if self.recipe.introspection is not None:
            introspected, rows["introspection"] = self.introspect(distilled, self.recipe.introspection)
            stack.append(introspected)
        adapter = joined_adapter(stack, self.out / "persona", name=self.constitution.name)
        every = (path.relative_to(self.out) for path in sorted(self.out.rglob("*")) if path.is_file())
        names = [path.as_posix() for path in every if path.name not in UNHASHED]
        record = {
            "asked": read_json(self.out / ASKED),
            "persona": adapter.fingerprint,
            "rows": rows,
            "files": {name: sha256_file(self.out / name) for name in names},
        }
        write_json(self.out / MANIFEST, record)
        return TrainedPersona(adapter, rows)

    def distil(self, teacher: Speaker, student: Speaker) -> tuple[Adapter, dict[str, int]]:
        recipe, folder = self.recipe.distillation, self.out / "distillation"
        prompts = asked_prompts(self.constitution, recipe.general, self.recipe.seed)
        more: dict[str, Any] = {
            "samples": recipe.samples,
            "seed": self.recipe.seed,
            "show_progress": self.show,
        }
        taught = answered(
            teacher,
            "teacher",
            prompts,
            folder / "teacher.jsonl",
            system=system_prompt(self.constitution),
            sampling=recipe.teacher,
            **more,
        )
        plain = answered(
            student, "student", prompts, folder / "student.jsonl", system="", sampling=recipe.student, **more
        )
        made = pairs(taught, plain)
        kept, dropped = split(
            made,
            self._bounded(recipe),
            lambda row: [row["chosen"], row["rejected"]],
            both_chats,
            self._tokens,
        )
        counts = self._keep(folder, "pairs.jsonl", kept, dropped)
        both = [both_chats(row) for row in kept]
        trained = train_preferences(
            self.model,
            [(chosen, rejected) for chosen, rejected in both],
            stepped(recipe.training, len(kept), recipe.epochs),
            self.out / "distilled",
            accumulate=self.accumulate,
            show_progress=self.show,
        )
        return Adapter("distilled", trained), counts

    def introspect(self, distilled: Adapter, recipe: Introspection) -> tuple[Adapter, dict[str, int]]:
        folder, seed = self.out / "introspection", self.recipe.seed
        ledger = attach(self.model, (distilled,))
        try:
            # Named by checkpoint and adapter: rows of another distilled student are not taken for these.
            speaker = LocalSpeaker(as_model(ledger))
            more: dict[str, Any] = {"seed": seed, "show_progress": self.show}
            made = introspect.reflections(
                speaker, self.constitution, recipe, folder / "reflections.jsonl", **more
            )
            made = made + introspect.interactions(
                speaker, self.constitution, recipe, folder / "interactions.jsonl", **more
            )
        finally:
            ledger.detach()
        kept, dropped = split(
            made,
            self._bounded(recipe),
            introspect.introspection_texts,
            lambda row: [introspect.introspection_chat(row)],
            self._tokens,
        )
        counts = self._keep(folder, "kept.jsonl", kept, dropped)
        trained = train_lora(
            self.model,
            [{"messages": introspect.introspection_chat(row)} for row in kept],
            stepped(recipe.training, len(kept), recipe.epochs),
            self.out / "introspected",
            frozen=(distilled,),
            accumulate=self.accumulate,
            show_progress=self.show,
        )
        return Adapter("introspected", trained), counts

    def _bounded(self, recipe: Distillation | Introspection) -> Filters:
        """The filters, which keep nothing that is too long to train on."""
        longest = min(recipe.filters.max_tokens, recipe.training.max_tokens, self.model.max_tokens)
        return recipe.filters.model_copy(update={"max_tokens": longest})

    def _tokens(self, chat: Sequence[dict[str, str]]) -> int:
        text: str = self.model.tokenizer.apply_chat_template(list(chat), tokenize=False)
        return len(self.model.tokenizer(text, add_special_tokens=False)["input_ids"])

    def _keep(self, folder: Path, name: str, kept: list[Row], dropped: list[Row]) -> dict[str, int]:
        write_jsonl(folder / name, kept)
        write_jsonl(folder / "dropped.jsonl", dropped)
        reasons = Counter(row["dropped"] for row in dropped)
        if len(kept) < LEAST_ROWS:
            said = ", ".join(f"{n} {reason}" for reason, n in reasons.most_common())
            raise UsageError(
                f"{len(kept)} of {len(kept) + len(dropped)} rows of {folder.name} are left to learn: {said}",
                right="a teacher that answers otherwise than the student, in whole sentences",
                do=f"look into {folder / 'dropped.jsonl'}; other filters in the recipe",
            )
        return {"made": len(kept) + len(dropped), "kept": len(kept), **dict(sorted(reasons.items()))}


def _claimable(out: Path, asked: dict[str, Any]) -> None:
    """Nothing when the folder is new or of this very run; raises `UsageError` otherwise."""
    path = out / ASKED
    if path.is_file():
        known = read_json(path)
        other = next((name for name, value in asked.items() if known.get(name) != value), None)
        if other:
            raise UsageError(
                f"{out} holds the run of another {other}",
                right="a new folder, or the very call that began it",
                do="--out FOLDER",
            )
    elif out.exists() and (not out.is_dir() or any(own.name != LOCK for own in out.iterdir())):
        raise UsageError(f"{out} is there and no run of a character", right="a new folder", do="--out FOLDER")
