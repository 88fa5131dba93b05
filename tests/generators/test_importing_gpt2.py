"""GPT-2 directories and adapters from elsewhere: whole, in shards, with an old tokenizer, with a base."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import load_file, save_file

from generators.errors import UnknownModel, UnusableModel
from generators.importing import CannotImport, import_model
from generators.importing.trial import fits, try_out
from generators.layers import summary
from generators.tensors import weights_digest
from generators.vocabulary import Vocabulary
from tests.generators.test_importing import refusal

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
peft = pytest.importorskip("peft")

TEXT = ("once upon a time there was a cat who could sing, and the cat sang all day.",) * 3


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directories as transformers and peft write them: whole, sharded, adapter."""
    from tokenizers import ByteLevelBPETokenizer

    made = tmp_path_factory.mktemp("made")
    tokenizer = ByteLevelBPETokenizer(add_prefix_space=False)
    tokenizer.train_from_iterator(TEXT, vocab_size=300, min_frequency=1, special_tokens=["<|endoftext|>"])
    size = tokenizer.get_vocab_size()
    end = tokenizer.token_to_id("<|endoftext|>")
    sizes = {"n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 32}
    torch.manual_seed(0)
    model = transformers.GPT2LMHeadModel(
        transformers.GPT2Config(vocab_size=size, bos_token_id=end, eos_token_id=end, **sizes)
    )
    model.save_pretrained(made / "whole")
    model.save_pretrained(made / "sharded", max_shard_size="20KB")
    for directory in ("whole", "sharded"):
        tokenizer.save_model(str(made / directory))
    lora = peft.LoraConfig(task_type="CAUSAL_LM", r=4, target_modules=["c_attn"], fan_in_fan_out=True)
    adapted = peft.get_peft_model(model, lora)
    with torch.no_grad():
        for name, values in adapted.named_parameters():
            if "lora_B" in name:
                values.normal_()
    adapted.save_pretrained(made / "adapter")
    return made


def test_other_kind(made: Path, models: Path, tmp_path: Path) -> None:
    """Any other causal language model of transformers comes in by the same door."""
    size = Vocabulary.load(import_model(made / "whole", models, name="tiny").directory).size
    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = transformers.LlamaConfig(vocab_size=size, bos_token_id=0, eos_token_id=0, **sizes)
    transformers.LlamaForCausalLM(config).save_pretrained(tmp_path / "llama")

    assert refusal(tmp_path / "llama", models / "empty").startswith("it holds no tokenizer.json")

    (tokenizer,) = models.glob("tiny/*/tokenizer.json")
    shutil.copy(tokenizer, tmp_path / "llama")

    imported = import_model(tmp_path / "llama", models)

    assert imported.tried
    assert [layer.name for layer in summary(imported.directory).layers if layer.kind == "Block"] == ["model.layers.0"]


@pytest.fixture
def models(home: Path) -> Path:
    return home / "models"


def rewritten(directory: Path, file: str, **fields: Any) -> None:
    value = json.loads((directory / file).read_text("utf-8"))
    (directory / file).write_text(json.dumps(value | fields), "utf-8")


def test_whole(made: Path, models: Path) -> None:
    """GPT-2's older tokenizer files become tokenizer.json, and encode as before."""
    imported = import_model(made / "whole", models, name="tiny")

    vocabulary = Vocabulary.load(imported.directory)
    old = transformers.GPT2Tokenizer.from_pretrained(made / "whole")
    for text in ("once upon a time", " the  cat\n sang: ☃ 👍🏽", "<|endoftext|>"[:5]):
        assert vocabulary.encode(text) == old(text)["input_ids"]
    assert vocabulary.special == {vocabulary.start}


def test_sharded(made: Path, models: Path) -> None:
    """Weights in several files come in with all of them."""
    shards = {path.name for path in (made / "sharded").glob("model-*.safetensors")}

    imported = import_model(made / "sharded", models)

    assert len(shards) > 1
    assert shards <= {path.name for path in imported.directory.iterdir()}
    assert summary(imported.directory) == summary(made / "whole")


def test_damaged_vocabulary(made: Path, models: Path, tmp_path: Path) -> None:
    """A vocabulary that does not fit the merges or the weights is refused."""
    shutil.copytree(made / "whole", tmp_path / "other")
    (tmp_path / "other" / "merges.txt").write_text("#version: 0.2\nx y z\n", "utf-8")

    assert "vocab.json or merges.txt is damaged" in refusal(tmp_path / "other", models)


def test_adapter(made: Path, models: Path) -> None:
    """An adapter stays one, with what it needs of its base and the name of that."""
    base = import_model(made / "whole", models, name="tiny")

    imported = import_model(made / "adapter", models, base="tiny")

    files = {path.name for path in imported.directory.iterdir()}
    assert {"config.json", "tokenizer.json", "adapter_config.json", "adapter_model.safetensors"} <= files
    assert "model.safetensors" not in files
    lineage = json.loads((imported.directory / "planchette.json").read_text("utf-8"))
    assert (lineage["base"]["name"], lineage["base"]["version"]) == ("tiny", base.version)
    assert lineage["description"] == "an adapter of tiny"


def test_adapter_keeps_what_it_knows_of_its_base(made: Path, models: Path, tmp_path: Path) -> None:
    """What training noted of the base, such as its sources, is still there; shards have a digest as one file has."""
    shutil.copytree(made / "adapter", tmp_path / "noted")
    noted = {"name": "elsewhere", "version": "1", "sources": [{"kind": "file"}]}
    (tmp_path / "noted" / "planchette.json").write_text(json.dumps({"base": noted}), "utf-8")

    imported = import_model(tmp_path / "noted", models, base=str(made / "sharded"))

    base = json.loads((imported.directory / "planchette.json").read_text("utf-8"))["base"]
    assert base["sources"] == [{"kind": "file"}]
    assert base["sha256"] == weights_digest(made / "sharded")
    assert base["base"] is base["command"] is None  # as the model card of one that is trained on from here reads them


def test_added_tokens(made: Path, models: Path, tmp_path: Path) -> None:
    """Tokens that somebody added to an old tokenizer come in with it."""
    shutil.copytree(made / "whole", tmp_path / "more")
    size = json.loads((made / "whole" / "config.json").read_text("utf-8"))["vocab_size"]
    (tmp_path / "more" / "added_tokens.json").write_text(json.dumps({"<|more|>": size}), "utf-8")

    assert f"has {size + 1} tokens and config.json has room for {size}" in refusal(tmp_path / "more", models)


def test_adapter_names_its_base(made: Path, models: Path, tmp_path: Path) -> None:
    """Without --base the model is taken that has the name in adapter_config.json, or lies there."""
    import_model(made / "whole", models, name="tiny")
    shutil.copytree(made / "adapter", tmp_path / "by-name")
    rewritten(tmp_path / "by-name", "adapter_config.json", base_model_name_or_path="somebody/Tiny")
    shutil.copytree(made / "adapter", tmp_path / "by-path")
    rewritten(tmp_path / "by-path", "adapter_config.json", base_model_name_or_path=str(made / "whole"))

    for name in ("by-name", "by-path"):
        assert import_model(tmp_path / name, models).tried


def test_adapter_with_a_directory(made: Path, models: Path) -> None:
    """A base may be a directory that is no model here; it is found there again."""
    imported = import_model(made / "adapter", models, base=str(made / "whole"))

    settings = json.loads((imported.directory / "adapter_config.json").read_text("utf-8"))
    assert settings["base_model_name_or_path"] == str(made / "whole")


def test_adapter_without_its_base(made: Path, models: Path, tmp_path: Path) -> None:
    """An adapter whose base is not here asks for it; a base that is none is named."""
    shutil.copytree(made / "adapter", tmp_path / "lonely")
    rewritten(tmp_path / "lonely", "adapter_config.json", base_model_name_or_path="somebody/gpt-none")

    assert refusal(tmp_path / "lonely", models) == (
        "it is an adapter of somebody/gpt-none, and that model is not here; import it first, or name it with --base"
    )
    with pytest.raises(UnknownModel):
        import_model(tmp_path / "lonely", models, base="gpt-none")


def test_adapter_of_another_base(made: Path, models: Path, tmp_path: Path) -> None:
    """An adapter that does not fit is refused: by its shapes, or by the weights that it was made for."""
    shutil.copytree(made / "adapter", tmp_path / "wide")
    file = tmp_path / "wide" / "adapter_model.safetensors"
    tensors = {name: one.repeat(2, axis=1) if "lora_A" in name else one for name, one in load_file(file).items()}
    save_file(tensors, file)
    shutil.copytree(made / "adapter", tmp_path / "other")
    lineage = {"base": {"name": "elsewhere", "version": "1", "sha256": "0" * 64}}
    (tmp_path / "other" / "planchette.json").write_text(json.dumps(lineage), "utf-8")
    base = str(made / "whole")

    assert "c_attn" in refusal(tmp_path / "wide", models, base=base)
    assert refusal(tmp_path / "other", models, base=base).startswith("it was made for other weights than those of")


def test_adapter_of_a_pickle(made: Path, models: Path, tmp_path: Path) -> None:
    """An adapter whose weights are a pickle is refused."""
    shutil.copytree(made / "adapter", tmp_path / "old")
    (tmp_path / "old" / "adapter_model.safetensors").rename(tmp_path / "old" / "adapter_model.bin")

    assert "its weights are in adapter_model.bin" in refusal(tmp_path / "old", models, base=str(made / "whole"))


def test_too_large_for_the_memory(made: Path, models: Path) -> None:
    """A model for which there is no memory is checked by its headers alone."""
    directory = import_model(made / "whole", models, name="giant").directory

    assert fits(directory)
    assert not fits(directory, free=10_000)
    try_out(directory, whole=False)
    rewritten(directory, "config.json", n_layer=3)
    with pytest.raises(UnusableModel, match=r"tensor h\.2\.ln_1\.weight is missing"):
        try_out(directory, whole=False)
    (directory / "tokenizer.json").write_text("{}", "utf-8")
    with pytest.raises(UnusableModel, match="tokenizer"):
        try_out(directory, whole=False)


def test_tensors_beyond_the_memory(made: Path, models: Path, tmp_path: Path) -> None:
    """A config that asks for more than the weights have is refused."""
    shutil.copytree(made / "whole", tmp_path / "more")
    rewritten(tmp_path / "more", "config.json", n_layer=3)

    with pytest.raises(CannotImport, match=r"h\.2\."):
        import_model(tmp_path / "more", models)


def test_weights_that_are_too_large(made: Path, models: Path, tmp_path: Path) -> None:
    """Weights that are numbers, but make none, are refused before anybody waits for their texts."""
    shutil.copytree(made / "whole", tmp_path / "huge")
    tensors = load_file(tmp_path / "huge" / "model.safetensors")
    save_file({name: 1e30 * tensor for name, tensor in tensors.items()}, tmp_path / "huge" / "model.safetensors")

    assert refusal(tmp_path / "huge", models) == "its weights are too large: its first answer is NaN or infinite"
