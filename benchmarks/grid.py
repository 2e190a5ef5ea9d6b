"""Answers of many stacks on one base: a grid beside each stack opened alone, and beside PEFT's switching."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import markdown
import shapes
import texts
from rounds import interleave, one_thread, ratio, show, spread

from eudaimon.models import generate, load
from eudaimon.models.adapters import Adapter, Subject, attach, open_grid, open_subject

TARGET = 5.0
AGREE = 0.95
"""Share of answers that must be the same, token by token: rounding tips a near-tie now and then."""
STEEP = 10.0
"""The last norm's scale: random weights then leave about two nats to the next token, as trained ones do."""


@dataclass(frozen=True)
class Work:
    """What is asked: so many stacks of two LoRAs, questions, samples and tokens."""

    stacks: int
    questions: int
    samples: int
    tokens: int
    rank: int

    @property
    def n_tokens(self) -> int:
        """Tokens of all answers."""
        return self.stacks * self.questions * self.samples * self.tokens


WORKS = {
    "town-0.1m": Work(stacks=24, questions=48, samples=4, tokens=4, rank=8),
    "llama-30m": Work(stacks=12, questions=2, samples=4, tokens=16, rank=16),
}


def run(rounds: int, log: Callable[[str], None], names: Iterable[str] = WORKS) -> dict[str, Any]:
    """CPU seconds of each contender on one thread, and their ratios within a round, by model."""
    rows = []
    with one_thread():
        for name in names:
            with tempfile.TemporaryDirectory() as folder:
                rows.append({"model": name} | measure(name, Path(folder), rounds))
            log(line(rows[-1]))
    return {"target": TARGET, "rows": rows}


def measure(name: str, folder: Path, rounds: int) -> dict[str, Any]:
    """The contenders in turn on one model; stops when their answers do not agree."""
    work = WORKS[name]
    base = town(folder / "base") if name.startswith("town") else steep(name, folder / "base")
    questions = town_questions(work.questions) if name.startswith("town") else plain_questions(work.questions)
    made = adapters(base, folder, work)
    # A persona and an attack, as in a study: every fourth stack has the same persona.
    stacks = {f"s{k}": (made[k % 4], made[4 + k]) for k in range(work.stacks)}
    said: dict[str, dict[str, list[list[str]]]] = {}
    peer = Peft(base, made)
    contenders: dict[str, Callable[[], object]] = {
        "one by one": lambda: said.update(alone=one_by_one(base, stacks, questions, work)),
        "PEFT": lambda: peer.answers(stacks, questions, work),
        "grid": lambda: said.update(grid=side_by_side(base, stacks, questions, work)),
    }
    times = interleave(contenders, rounds, time.process_time)
    pairs = [
        (one, other)
        for stack in stacks
        for own, right in zip(said["grid"][stack], said["alone"][stack], strict=True)
        for one, other in zip(own, right, strict=True)
    ]
    same = sum(one == other for one, other in pairs) / len(pairs)
    if same < AGREE:
        raise SystemExit(f"the grid's answers are not those of the stacks by themselves: {same:.3f}")
    return {
        "work": vars(work),
        "same": same,
        "seconds": {name: spread(values) for name, values in times.items()},
        "over": {name: ratio(times[name], times["grid"]) for name in ("one by one", "PEFT")},
        "tokens_per_second": spread([work.n_tokens / value for value in times["grid"]]),
    }


def one_by_one(base: Path, stacks: Any, questions: list[str], work: Work) -> dict[str, list[list[str]]]:
    """Every stack opened and proven, and asked all questions in batches: what studies do without a grid."""
    found = {}
    for name, stack in stacks.items():
        model = open_subject(Subject(str(base), stack))
        repeated = [question for question in questions for _ in range(work.samples)]
        said = generate(
            model, repeated, max_new_tokens=work.tokens, temperature=1.0, template=False, show_progress=False
        )
        found[name] = [said[k : k + work.samples] for k in range(0, len(said), work.samples)]
    return found


def side_by_side(base: Path, stacks: Any, questions: list[str], work: Work) -> dict[str, list[list[str]]]:
    """The base loaded, all stacks proven and asked at once."""
    return open_grid(load(base), stacks).generate(
        questions, n_samples=work.samples, max_new_tokens=work.tokens, template=False, show_progress=False
    )


class Peft:
    """PEFT with every adapter loaded before, which is not counted; transformers samples."""

    def __init__(self, base: Path, made: list[Adapter]) -> None:
        import torch
        import transformers
        from peft import PeftModel

        self.tokenizer = transformers.AutoTokenizer.from_pretrained(base, padding_side="left")
        whole = transformers.AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32).eval()
        self.model: Any = PeftModel.from_pretrained(whole, made[0].folder, adapter_name=made[0].name)
        for adapter in made[1:]:
            self.model.load_adapter(adapter.folder, adapter_name=adapter.name)

    def answers(self, stacks: Any, questions: list[str], work: Work) -> dict[str, list[str]]:
        """All questions with all their samples in one batch, one stack after the other."""
        import torch

        batch = self.tokenizer(questions, return_tensors="pt", padding=True)
        inputs = {key: batch[key] for key in ("input_ids", "attention_mask")}
        found = {}
        for name, stack in stacks.items():
            self.model.base_model.set_adapter([adapter.name for adapter in stack])
            with torch.inference_mode():
                out = self.model.generate(
                    **inputs, do_sample=True, top_k=0, top_p=1.0, temperature=1.0,
                    max_new_tokens=work.tokens, num_return_sequences=work.samples,
                    pad_token_id=self.tokenizer.pad_token_id,
                )  # fmt: skip
            new = out[:, inputs["input_ids"].shape[1] :]
            found[name] = self.tokenizer.batch_decode(new, skip_special_tokens=True)
        return found


def adapters(base: Path, folder: Path, work: Work) -> list[Adapter]:
    """Four personas and an attack for each stack: random LoRAs on all projections, none of them idle."""
    import torch
    from peft import LoraConfig

    model, made = load(base), []
    with quiet():
        for number in range(4 + work.stacks):
            config = LoraConfig(r=work.rank, lora_alpha=2 * work.rank, use_rslora=True, target_modules=ALL)
            name = f"a{number}"
            ledger = attach(model, trainable=config, name=name, init_seed=number, prove=False)
            generator = torch.Generator().manual_seed(number)
            with torch.no_grad():
                for _, weight in ledger.trainable_parameters():
                    weight.add_(torch.randn(weight.shape, generator=generator), alpha=0.01)
            made.append(ledger.save(folder / name))
            ledger.detach()
    return made


ALL = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def steep(shape: str, folder: Path) -> Path:
    """A shape of `shapes.build` whose last norm is scaled up."""
    return sharpened(shapes.build(shape, folder, texts.corpus()))


def town(folder: Path) -> Path:
    """The smallest model of the nursery with the town's tokenizer, not trained."""
    from transformers import AutoModelForCausalLM

    from eudaimon.train.nursery.sizes import llama_config
    from eudaimon.world import World, save_tokenizer, tokenizer

    world = World(seed=0)
    save_tokenizer(world, folder)
    config = llama_config("0.1m", tokenizer(world), 96)
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    return sharpened(folder)


def sharpened(folder: Path) -> Path:
    """The checkpoint with a steeper next token."""
    import torch
    from transformers import AutoModelForCausalLM

    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    with torch.no_grad():
        model.model.norm.weight.fill_(STEEP)
    model.save_pretrained(folder)
    return folder


def town_questions(n: int) -> list[str]:
    """Questions of the town as it asks its assistant."""
    from eudaimon.world import World, items, prompt

    return [prompt(item) for item in items(World(seed=0), kind="advice")[:n]]


def plain_questions(n: int) -> list[str]:
    """Packaged queries of natural lengths."""
    return [safe for _, safe in texts.queries(n)]


@contextmanager
def quiet() -> Iterator[None]:
    """PEFT warns about every second adapter."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


HEAD = (
    "| model | stacks | questions x samples x tokens | one by one, CPU s | PEFT's switching | grid "
    "| tokens/s | over one by one | over PEFT |"
)


def line(row: dict[str, Any]) -> str:
    """The row as Markdown."""
    work, own = row["work"], row["seconds"]
    reached = "" if row["over"]["one by one"]["median"] >= TARGET else " (under target)"
    cells = [
        row["model"], str(work["stacks"]), f"{work['questions']} x {work['samples']} x {work['tokens']}",
        *(show(own[name], "{:.1f}") for name in ("one by one", "PEFT", "grid")),
        show(row["tokens_per_second"], "{:,.0f}"), f"**{show(row['over']['one by one'])}**{reached}",
        show(row["over"]["PEFT"]),
    ]  # fmt: skip
    return markdown.row(cells)


def table(result: dict[str, Any]) -> Iterable[str]:
    """The rows as a Markdown table."""
    return markdown.table(HEAD, map(line, result["rows"]))
