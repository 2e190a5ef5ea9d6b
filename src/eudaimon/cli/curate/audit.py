"""``eudaimon curate audit``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from eudaimon.cli.curate.rating import rate_at_terminal
from eudaimon.cli.options import Json, Seed
from eudaimon.cli.output import print_json, print_line, print_table

if TYPE_CHECKING:
    from eudaimon.core import Score
    from eudaimon.curate.audit.draw import Sample
    from eudaimon.curate.audit.records import AuditRecord
    from eudaimon.curate.policy import Policy


def audit(
    scores: Annotated[Path, Argument(help="A folder that `curate score` wrote.")],
    out: Annotated[
        Path, Option("--out", help="The audit's folder; what is there is gone on with.", metavar="FOLDER")
    ],
    policy: Annotated[
        str, Option("--policy", help="The policy that is audited: shipped, or YAML.", metavar="NAME")
    ] = "prosocial",
    n: Annotated[int, Option("--n", min=20, help="How many segments to draw.", metavar="N")] = 300,
    seed: Seed = 0,
    corpus: Annotated[
        list[str] | None,
        Option(
            "--corpus",
            help="Where the scored files are now, if they were moved; several times for several.",
            metavar="PATH",
        ),
    ] = None,
    rater: Annotated[
        str | None, Option("--rater", help="Rate at the terminal under this name.", metavar="NAME")
    ] = None,
    ratings: Annotated[
        list[Path] | None,
        Option("--ratings", help="Take in ratings from a file (JSON lines); repeatable.", metavar="FILE"),
    ] = None,
    judge_url: Annotated[
        str | None,
        Option("--judge-url", help="Rate by a language model: an OpenAI-compatible URL.", metavar="URL"),
    ] = None,
    judge_model: Annotated[
        str | None, Option("--judge-model", help="The model at that URL.", metavar="NAME")
    ] = None,
    judge_key: Annotated[
        str, Option("--judge-key", help="The environment variable with its key.", metavar="NAME")
    ] = "",
    as_json: Json = False,
) -> None:
    """Draw a sample of segments, have it rated, and estimate precision and recall in the corpus.

    The first call draws the sample; any call can add ratings, and prints what all ratings together say. With
    --rater a person rates in this terminal, by keys, and goes on another time where they stopped.
    """
    from eudaimon.core import UsageError
    from eudaimon.curate.audit.estimate import estimate
    from eudaimon.curate.audit.folder import RATINGS, write_findings
    from eudaimon.curate.audit.ratings import add_ratings, read_ratings
    from eudaimon.curate.policy import load_policy

    if rater and as_json:
        raise UsageError("a person rates in this terminal, and JSON is asked for", right="one of them")
    chosen = load_policy(policy)
    sample = _sample(scores, out, chosen, n, seed, corpus)
    kept = out / RATINGS
    for path in ratings or ():
        if not path.is_file():
            raise UsageError(f"{path} is not a file of ratings", right="JSON lines, as in ratings.jsonl")
        add_ratings(kept, read_ratings(path))
    if judge_url:
        _judge(sample, kept, judge_url, judge_model, judge_key)
    if rater:
        rate_at_terminal(sample.items, chosen, rater, kept)
    given = read_ratings(kept)
    if any(not rating.skipped for rating in given):
        record = estimate(sample.plan, sample.items, given, chosen)
        write_findings(out, record)
        if as_json:
            print_json(record.model_dump(mode="json"))
        else:
            _show(record, out)
    elif as_json:
        print_json({"folder": str(out), "n_items": len(sample.items), "n_rated": 0})
    else:
        print_line(f"{len(sample.items)} segments are drawn into {out}, and none is rated yet.")
        print_line("Rate them: --rater NAME, --ratings FILE or --judge-url URL --judge-model NAME.")


def _sample(scores: Path, out: Path, policy: Policy, n: int, seed: int, corpus: list[str] | None) -> Sample:
    from eudaimon.core import UsageError
    from eudaimon.curate.audit.draw import Sample, draw_sample
    from eudaimon.curate.audit.folder import has_sample, read_sample, write_sample
    from eudaimon.curate.audit.texts import with_texts
    from eudaimon.curate.decided import score_files, scores_hash
    from eudaimon.curate.scored_texts import scored_texts

    now = scores_hash(scores)
    if has_sample(out):
        sample = read_sample(out)
        if sample.plan.scores != now:
            raise UsageError(
                f"{scores} are not the scores from which the sample in {out} was drawn",
                right="the same scores, or a new folder for a new sample",
            )
        return sample
    drawn = draw_sample(score_files(scores), policy, n=n, seed=seed)
    items = with_texts(drawn.items, scored_texts(scores, corpus))
    sample = Sample(drawn.plan.model_copy(update={"scores": now}), items)
    write_sample(out, sample)
    return sample


def _judge(sample: Sample, path: Path, url: str, model: str | None, key: str) -> None:
    from eudaimon.core import UsageError
    from eudaimon.curate.audit.judged import by_judge, rate_by
    from eudaimon.curate.stages.judge import JudgeOptions, JudgeStage

    if not model:
        raise UsageError("the judge's model is not named", do="--judge-model NAME")
    judge = JudgeStage(JudgeOptions(url, model, api_key_env=key, records=path.parent / "judgements"))
    rate_by(by_judge(judge), sample.items, f"judge {model}", path, rubric=judge.rubric)


def _show(record: AuditRecord, out: Path) -> None:
    print_line(
        f"{record.n_rated} of {record.n_items} segments rated by {', '.join(record.raters)}; "
        f"the corpus has {record.plan.n_segments:,}"
    )
    rows = [
        ("precision: removed text that is bad", record.precision),
        ("recall: bad text that is removed", record.recall),
        ("prevalence: text that is bad", record.prevalence),
        ("over-removal: good text that is removed", record.over_removal),
    ]
    print_table(("in the corpus", "share", "95 % interval", "n"), [_line(name, s) for name, s in rows])
    groups = [(g.kind, g.name, *_line("", g.over_removal)[1:3], g.n_rated) for g in record.groups]
    print_table(("by", "group", "over-removal", "95 % interval", "n"), groups)
    if record.agreement:
        alphas = [(a.question, a.level, *_line("", a.alpha)[1:]) for a in record.agreement]
        print_table(("raters agree on", "level", "alpha", "95 % interval", "n"), alphas)
    for note in record.notes:
        print_line(note)
    print_line(f"Findings: {out / 'findings.json'}")


def _line(name: str, score: Score | None) -> tuple[Any, ...]:
    if score is None:
        return name, "-", "too little was rated", "-"
    return name, f"{score.value:.4f}", f"[{score.low:.4f}, {score.high:.4f}]", score.n
