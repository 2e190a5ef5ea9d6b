"""Our steps in datatrove's executors: same decisions as ours, nothing lost."""

from __future__ import annotations

import json
import pickle

import pytest

from eudaimon.core.errors import BadRows, UsageError
from eudaimon.curate import TextLost, decide, load_policy, open_scorer, read_scores
from eudaimon.curate.datatrove import EudaimonPolicy, EudaimonScorer, logging_folder, restored
from eudaimon.curate.stages.labels import LabelScorer
from eudaimon.world import World


def pipeline(trove, out, **options):
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.pipeline.writers import JsonlWriter

    return [
        JsonlReader(str(trove / "in")),
        EudaimonScorer(str(trove / "model.bin"), output_folder=str(out / "scores"), batch_size=7, **options),
        EudaimonPolicy(trove / "policy.yaml", JsonlWriter(str(out / "removed"))),
        JsonlWriter(str(out / "kept")),
    ]


def run_local(steps, out, tasks):
    from datatrove.executor import LocalPipelineExecutor

    LocalPipelineExecutor(steps, tasks=tasks, logging_dir=logging_folder(str(out / "logs"), steps)).run()


def check(trove, out, rows, documents):
    """What was kept and removed is what our own functions decide, and gives the originals back."""
    policy, scorer = load_policy(trove / "policy.yaml"), open_scorer(trove / "model.bin")
    kept, removed = documents(out / "kept"), documents(out / "removed")
    scores = {s.id: s for path in sorted((out / "scores").glob("*.parquet")) for s in read_scores(path)}
    originals = rows(trove / "in")
    assert len(scores) == len(originals) == 40
    for row in originals:
        name = row["id"]
        assert scores[name].model == scorer.hash
        decision = decide(policy, scores[name])
        assert (name in kept) == (decision.outcome == "keep")
        (document,) = kept.get(name, [None])
        assert restored(document, removed.get(name, [])) == row["text"]
        if document:
            assert document.metadata["source"] == "forum"
            assert document.metadata.get("weight", 1) == decision.weight
    assert kept.keys() >= {"0-0", "1-2", "0-3"} and "0-1" not in kept
    (piece,) = removed["0-2"]
    about = piece.metadata["eudaimon_removed"]
    assert piece.metadata["filter_reason"] == "bad" and about["why"] == "it is bad"
    assert about["scores"][0]["harm"]["other"] > 0.5 and about["policy_hash"] == policy.hash


@pytest.mark.parametrize("tasks", [1, 2])
def test_in_the_local_executor(trove, tmp_path, rows, documents, tasks):
    steps = pipeline(trove, tmp_path)
    run_local(steps, tmp_path, tasks)
    check(trove, tmp_path, rows, documents)
    logs = logging_folder(str(tmp_path / "logs"), steps)
    marked = tmp_path.joinpath("logs", logs.rpartition("/")[2], "completions")
    assert len(list(marked.iterdir())) == tasks


def test_markers_of_one_configuration_are_not_those_of_another(trove, tmp_path, rows):
    run_local(pipeline(trove, tmp_path), tmp_path, 1)
    (tmp_path / "kept" / "00000.jsonl.gz").unlink()
    run_local(pipeline(trove, tmp_path), tmp_path, 1)
    assert not rows(tmp_path / "kept"), "the marker says that it is done"
    steps = pipeline(trove, tmp_path)
    steps[2].policy = steps[2].policy.model_copy(update={"documents": ()})
    run_local(steps, tmp_path, 1)
    assert rows(tmp_path / "kept")


@pytest.mark.slow
def test_in_the_ray_executor(trove, tmp_path, rows, documents):
    ray = pytest.importorskip("ray")
    from datatrove.executor import RayPipelineExecutor

    steps = pipeline(trove, tmp_path)
    executor = RayPipelineExecutor(
        steps, tasks=2, workers=1, cpus_per_task=1, logging_dir=logging_folder(str(tmp_path / "logs"), steps)
    )
    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False, object_store_memory=80_000_000)
    try:
        executor.run()
    finally:
        ray.shutdown()
    check(trove, tmp_path, rows, documents)


def test_another_policy_on_stored_scores(trove, tmp_path, rows):
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.pipeline.writers import JsonlWriter

    list(run(pipeline(trove, tmp_path, metadata=False)[:2]))
    again = EudaimonPolicy(
        "good-only", JsonlWriter(str(tmp_path / "removed")), scores=str(tmp_path / "scores")
    )
    assert not list(run([JsonlReader(str(trove / "in")), again]))
    reasons = {row["metadata"]["eudaimon_removed"]["kind"] for row in rows(tmp_path / "removed")}
    assert reasons == {"error"}, "severity and stance were not scored, and this policy asks for them"

    fewer = JsonlReader(str(trove / "in"), limit=3)
    with pytest.raises(UsageError, match="other documents"):
        list(run([fewer, again]))
    with pytest.raises(BadRows):
        list(run([fewer, again], rank=5))
    (tmp_path / "scores" / "00000.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(BadRows, match="00000"):
        list(run([fewer, again]))


def run(steps, data=None, rank=0):
    for step in steps:
        data = step(data, rank, 1)
    return data


class FromTown:
    """Scores by the labels of the town's documents, which datatrove's own cannot carry."""

    def __init__(self, town):
        self.town, self.labels = {d.id: d for d in town}, LabelScorer(severity=4)
        self.hash = self.labels.hash

    def score(self, documents):
        return self.labels.score([self.town.get(d.id, d) for d in documents])

    def costs(self):
        return self.labels.costs()


@pytest.fixture(scope="module")
def town():
    return list(World(seed=3).documents(60))


def of_town(town):
    from datatrove.data import Document as TroveDocument

    return [TroveDocument(d.text, d.id, metadata=dict(d.metadata)) for d in town]


def test_masks_are_where_datatroves_tokenizer_looks(town, tmp_path, rows):
    from datatrove.pipeline.writers import JsonlWriter

    steps = [EudaimonScorer(FromTown(town)), EudaimonPolicy("prosocial", JsonlWriter(str(tmp_path)))]
    kept = {document.id: document for document in run(steps, of_town(town))}
    assert len(kept) == len(town) and not rows(tmp_path)
    masked = 0
    for document in town:
        spans = kept[document.id].metadata.get("no_loss_ranges", [])
        masked += len(spans)
        bad = [s for s in document.segments if s.bad]
        assert all(any(a <= s.start and s.end <= b for a, b in spans) for s in bad)
        assert kept[document.id].text == document.text == restored(kept[document.id])
    assert masked


def test_what_the_metadata_carries_survives_json(town, tmp_path):
    from datatrove.pipeline.writers import JsonlWriter

    scored = list(run([EudaimonScorer(FromTown(town), batch_size=9)], of_town(town)))
    for document in scored:
        document.metadata = json.loads(json.dumps(document.metadata))
    step = EudaimonPolicy("no-advocacy", JsonlWriter(str(tmp_path)), batch_size=13)
    policy, scorer = load_policy("no-advocacy"), LabelScorer(severity=4)
    table = tmp_path / "scores.parquet"
    import pyarrow.parquet

    pyarrow.parquet.write_table(scorer.score(town), table)
    decisions = {s.id: decide(policy, s) for s in read_scores(table)}
    kept = {document.id: document for document in run([step], scored)}
    assert kept.keys() == {name for name, decision in decisions.items() if decision.outcome == "keep"}
    assert all(kept[name].metadata["eudaimon"]["reason"] == decisions[name].reason for name in kept)
    assert any(decision.spans for decision in decisions.values())


def test_a_document_that_could_not_be_scored_is_set_aside(town, tmp_path, rows):
    from datatrove.data import Document as TroveDocument
    from datatrove.pipeline.writers import JsonlWriter

    data = [TroveDocument("Nobody knows me.", "stranger")]
    steps = [EudaimonScorer(FromTown(town)), EudaimonPolicy("prosocial", JsonlWriter(str(tmp_path)))]
    assert not list(run(steps, data))
    (row,) = rows(tmp_path)
    assert row["text"] == "Nobody knows me." and row["metadata"]["eudaimon_removed"]["kind"] == "error"
    assert "no labels" in row["metadata"]["eudaimon_removed"]["why"]
    with pytest.raises(TextLost):
        restored(None, [TroveDocument("Nobody knows.", "stranger", metadata=row["metadata"])])


def test_steps_are_pickled_without_a_model(trove, tmp_path):
    steps = pipeline(trove, tmp_path)
    assert steps[1].opened.hash == pickle.loads(pickle.dumps(steps[1])).opened.hash
    assert len(pickle.dumps(steps[1])) < 10_000
    assert steps[1].opened is pipeline(trove, tmp_path)[1].opened


def test_what_would_give_a_wrong_result_is_refused(trove, tmp_path, town):
    from datatrove.data import Document as TroveDocument
    from datatrove.pipeline.writers import JsonlWriter

    writer = JsonlWriter(str(tmp_path))
    with pytest.raises(UsageError, match="thrown away"):
        EudaimonScorer("labels", metadata=False)
    rules = [{"name": "r", "when": {"harm": 0.5}, "do": "rewrite", "why": "w", "instruction": "i"}]
    rewriting = load_policy("prosocial").model_copy(update={"segments": rules})
    with pytest.raises(UsageError, match="rewrites"):
        EudaimonPolicy(rewriting, writer)
    with pytest.raises(UsageError, match="carries no scores"):
        list(run([EudaimonPolicy("prosocial", writer)], [TroveDocument("x", "a")]))
    with pytest.raises(UsageError, match="did not come"):
        restored(TroveDocument("x", "a"))
    bad = [document for document in town if document.bad][:1]
    data = of_town(bad)
    data[0].metadata["no_loss_ranges"] = [[0, 2]]
    steps = [EudaimonScorer(FromTown(town)), EudaimonPolicy("no-advocacy", writer)]
    with pytest.raises(UsageError, match="of its own"):
        list(run(steps, data))


def test_documents_keep_their_ids_and_metadata_in_the_table(town):
    (document,) = run([EudaimonScorer(FromTown(town))], of_town(town[:1]))
    carried = document.metadata["eudaimon_scores"]
    assert carried["start"][1:] == [s.start for s in town[0].segments]
