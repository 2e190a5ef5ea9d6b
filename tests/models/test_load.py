"""Loading: what a checkpoint is called by, and one clear line for everything that can go wrong."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from types import SimpleNamespace

import httpx
import huggingface_hub
import numpy as np
import psutil
import pytest
import torch
from huggingface_hub import errors
from safetensors.torch import load_file, save_file

from eudaimon.core import ModelUnavailable
from eudaimon.models import capture, load
from eudaimon.models.fingerprint import memory_bytes, tokenizer_hash
from eudaimon.models.folder import weight_files


@pytest.fixture
def folder(tiny, tmp_path):
    """A copy of the tiny GPT-2 that a test may break."""
    return shutil.copytree(tiny("gpt2"), tmp_path / "copy")


def change(path, **fields):
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


@pytest.mark.parametrize(
    ("family", "kind", "template"),
    [
        ("gpt2", "causal", False),
        ("llama", "causal", True),
        ("mixtral", "causal", False),
        ("bert", "encoder", False),
    ],
)
def test_kind_shape_and_template_come_from_the_folder(tiny_model, tiny, family, kind, template):
    model = tiny_model(family)
    assert model.checkpoint.kind == kind
    assert model.checkpoint.family == family
    assert model.is_causal == (kind == "causal")
    assert (model.n_layers, model.width, model.max_tokens) == (4, 32, 128)
    assert len(model.sites) == 5
    assert model.has_template == template
    assert model.checkpoint.name == str(tiny(family))
    assert model.module.training is False
    assert not any(parameter.requires_grad for parameter in model.module.parameters())
    assert next(model.module.parameters()).dtype == torch.float32


def test_context_of_roberta_leaves_out_the_padding_positions(tiny_model):
    assert tiny_model("roberta").max_tokens == 128


def test_the_packaged_model_needs_no_sentence_transformers(minilm):
    assert (minilm.n_layers, minilm.width, minilm.checkpoint.name) == (6, 384, "minilm")
    code = "import sys; import eudaimon.models as m; m.load(); print('sentence_transformers' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
    assert done.stderr == ""


def test_the_door_loads_nothing_heavy_and_names_stay_functions():
    code = (
        "import sys, os, eudaimon.models; assert 'torch' not in sys.modules and 'numpy' not in sys.modules;"
        "assert os.environ['OMP_WAIT_POLICY'] == 'PASSIVE';"
        "from eudaimon.models.load import load as a; from eudaimon.models import load as b; assert a is b;"
        "from eudaimon.models import capture, tap, generate;"
        "assert all(map(callable, (capture, tap, generate)))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_fingerprints_tell_weights_tokenizers_and_templates_apart(folder, tiny_model):
    first, copied = tiny_model("gpt2").checkpoint, load(folder).checkpoint
    assert copied.fingerprint == first.fingerprint
    assert copied.tokenizer_hash == first.tokenizer_hash
    weights = load_file(folder / "model.safetensors")
    weights["transformer.h.3.ln_1.weight"][0] += 1e-3
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    edited = load(folder).checkpoint
    assert edited.fingerprint != first.fingerprint
    assert edited.tokenizer_hash == first.tokenizer_hash
    change(folder / "config.json", layer_norm_epsilon=1e-3)
    assert load(folder).checkpoint.fingerprint != edited.fingerprint
    (folder / "chat_template.jinja").write_text("{% for m in messages %}{{ m['content'] }}{% endfor %}")
    templated = load(folder).checkpoint
    assert templated.template_hash
    assert not first.template_hash
    words = json.loads((folder / "tokenizer.json").read_text())
    words["pre_tokenizer"]["add_prefix_space"] = True
    (folder / "tokenizer.json").write_text(json.dumps(words))
    assert load(folder).checkpoint.tokenizer_hash != first.tokenizer_hash


def test_large_files_are_sampled_and_still_told_apart(folder, monkeypatch):
    from eudaimon.models import fingerprint

    monkeypatch.setattr(fingerprint, "WHOLE_BYTES", 1000)
    monkeypatch.setattr(fingerprint, "SAMPLE_BYTES", 4096)
    path = folder / "model.safetensors"
    first = fingerprint.fingerprint({}, [path])
    assert fingerprint.fingerprint({}, [path]) == first
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert fingerprint.fingerprint({}, [path]) != first


def test_sharded_weights_load_and_a_lost_shard_is_named(tmp_path, tiny):
    from transformers import AutoModelForCausalLM

    folder = shutil.copytree(tiny("gpt2"), tmp_path / "shards")
    (folder / "model.safetensors").unlink()
    AutoModelForCausalLM.from_pretrained(tiny("gpt2")).save_pretrained(folder, max_shard_size="60KB")
    files = weight_files(folder)
    assert len(files) > 1
    assert load(folder).n_layers == 4
    files[0].unlink()
    with pytest.raises(ModelUnavailable, match=files[0].name):
        load(folder)


def test_memory_is_read_from_the_header(tiny, tiny_model):
    needed = memory_bytes(weight_files(tiny("gpt2")), 4)
    # GPT-2 ties its head to the embedding, so parameters are counted once.
    assert needed == 4 * tiny_model("gpt2").checkpoint.n_parameters
    assert memory_bytes(weight_files(tiny("gpt2")), 2) == needed // 2


def test_too_little_memory(folder, monkeypatch):
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=1000))
    with pytest.raises(ModelUnavailable, match=r"needs .* GB and cpu has 0.0 GB free.*--dtype bfloat16"):
        load(folder)


def test_a_trunk_saved_without_its_head_is_read_and_does_not_speak(tmp_path, tiny):
    from transformers import AutoModel, AutoTokenizer

    from eudaimon.core import UsageError
    from eudaimon.models import generate

    AutoModel.from_pretrained(tiny("llama")).save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(tiny("llama")).save_pretrained(tmp_path)
    trunk, whole = load(tmp_path), load(tiny("llama"))
    assert trunk.is_causal
    np.testing.assert_allclose(
        capture(trunk, ["Where?"], [4]).values, capture(whole, ["Where?"], [4]).values, atol=1e-6
    )
    with pytest.raises(UsageError, match="no language-model head"):
        generate(trunk, ["Where?"])


def refused(name, *words, **options):
    with pytest.raises(ModelUnavailable) as caught:
        load(name, **options)
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert word in message
    return message


def test_wrong_folders(folder, tmp_path):
    refused(tmp_path, "no config.json")
    refused(tmp_path / "nowhere", "there is no folder")
    refused(folder / "config.json", "is a file")
    refused("not a model!", "there is no folder", "hub id")
    (folder / "tokenizer.json").rename(tmp_path / "tokenizer.json")
    for leftover in ("vocab.json", "merges.txt"):
        (folder / leftover).unlink(missing_ok=True)
    refused(folder, "no tokenizer")
    (tmp_path / "tokenizer.json").rename(folder / "tokenizer.json")
    (folder / "model.safetensors").write_bytes(b"\xff" * 20)
    refused(folder, "not a whole safetensors file")
    (folder / "model.safetensors").unlink()
    refused(folder, "no model.safetensors")
    (folder / "pytorch_model.bin").write_bytes(b"x")
    refused(folder, "pickle", "safetensors", "use_safetensors=False")
    (folder / "config.json").write_text("{")
    (folder / "model.safetensors").write_bytes(b"")
    refused(folder, "not JSON")


def test_weights_that_do_not_fit_the_config(folder):
    change(folder / "config.json", n_layer=6)
    refused(folder, "do not fit its config", "h.4")


def test_code_in_the_repository_is_never_run(folder):
    (folder / "evil.py").write_text("raise SystemExit('ran')")
    change(folder / "config.json", model_type="evil", auto_map={"AutoConfig": "evil.Config"})
    refused(folder, "trust_remote_code", "never runs")
    change(folder / "config.json", auto_map=None)
    refused(folder, "does not know the family evil")


def test_encoder_decoders_are_refused(folder):
    change(folder / "config.json", model_type="t5", is_encoder_decoder=True, architectures=["T5Model"])
    refused(folder, "encoder-decoder")


def test_unknown_dtype(folder):
    refused(folder, "is no dtype", dtype="int8")
    assert load(folder, dtype="bfloat16").checkpoint.dtype == "bfloat16"


def test_offline_for_real():
    assert huggingface_hub.constants.HF_HUB_OFFLINE
    refused("nobody/nothing", "nobody/nothing cannot be downloaded: no network", "minilm")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (errors.GatedRepoError, ("org/name is gated", "accept its terms", "hf auth login")),
        (errors.RepositoryNotFoundError, ("no hub model org/name", "hf auth login")),
        (errors.RevisionNotFoundError, ("no revision v9", "--revision main")),
        (errors.HfHubHTTPError, ("org/name cannot be downloaded: server said no",)),
        (errors.LocalEntryNotFoundError, ("no network", "hf download org/name")),
        (errors.OfflineModeIsEnabled, ("no network",)),
        (ConnectionError, ("no network",)),
    ],
)
def test_hub_errors_become_one_line(monkeypatch, error, words):
    def fail(*_args, **_options):
        if issubclass(error, errors.HfHubHTTPError):
            request = httpx.Request("GET", "https://example.org")
            raise error("server said no\nmore", response=httpx.Response(403, request=request))
        raise error("server said no\nmore")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fail)
    refused("org/name", *words, revision="v9")


def test_a_hub_id_is_downloaded_without_pickles_and_keeps_its_revision(monkeypatch, folder, tmp_path):
    asked = {}
    snapshot = tmp_path / "0123abc"
    folder.rename(snapshot)

    def download(name, **options):
        asked.update(options, name=name)
        return str(snapshot)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    model = load("org/name", revision="main")
    assert asked["name"] == "org/name"
    assert asked["revision"] == "main"
    assert not any(pattern.endswith((".bin", ".pt", ".py")) for pattern in asked["allow_patterns"])
    assert model.checkpoint.name == "org/name"
    assert model.checkpoint.revision == "0123abc"


def test_the_tokenizer_hash_does_not_remember_a_call_that_padded(tiny):
    model = load(tiny("llama"))
    before = tokenizer_hash(model.tokenizer)
    model.tokenizer.pad_token = model.tokenizer.pad_token or model.tokenizer.eos_token
    model.tokenizer(["one", "two words"], padding=True, truncation=True, max_length=4)
    assert tokenizer_hash(model.tokenizer) == before == model.checkpoint.tokenizer_hash
