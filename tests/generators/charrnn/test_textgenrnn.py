from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from transformers import AutoTokenizer

from generators.charrnn import load, read_info
from generators.charrnn.modeling import CharRNNForCausalLM
from generators.charrnn.textgenrnn import import_textgenrnn
from generators.charrnn.windowed import WindowedCharRNN
from generators.importing.errors import CannotImport
from generators.model import Logits
from generators.places import Place
from generators.sampling import log_softmax
from generators.writing import opened

ORIGINALS = Path(__file__).parents[4] / "shared" / "textgenrnn"
FIXTURES = ORIGINALS / "fixtures"
needs_originals = pytest.mark.skipif(
    not ORIGINALS.is_dir(), reason="textgenrnn's own files are not beside the repository"
)

TEXT = "Show HN: I made a small thing that writes titles, ☃ 😀 and naïve ones — see for yourself, it's “fun”!\n"
CONTEXTS = ("", "S", TEXT[:39], TEXT[:40], TEXT[:41], TEXT, "😀", "漢字 unknown 😀😀", "<s>", " ")
# what textgenrnn 2.0.0 on TensorFlow 2.15 finds likeliest after each, and how likely
LIKELIEST = {
    "textgenrnn_weights": (
        "[oi  M2[s“",
        [0.11445, 0.22193, 0.54202, 0.83051, 0.94977, 0.21333, 0.13952, 0.10766, 0.27069, 0.07977],
    ),
    "hacker_news": ("Ahe  TSNdP", [0.11419, 0.33897, 1.0, 0.99468, 0.99948, 0.52081, 0.20044, 0.7012, 0.95044, 0.2267]),
}
# what it writes at temperature 0, at most 100 characters
GREEDY = {
    "textgenrnn_weights": {
        "": "[Specific] Can someone please remove the state" + " of the state" * 4 + " o",
        "The ": ("state of the " * 8)[:100],
        "Show HN: ": "Star Wars that will be a post in the state" + " of the state" * 4 + " of th",
    },
    "hacker_news": {
        "": "A startup’s Firebase bill suddenly increased from $25 to $1750 per month",
        "The ": "Fight",
        "Show HN: ": "My seven minute workout timer evening project",
    },
}


def imported(tmp_path: Path, weights: Path, vocab: Path | None = None, config: Path | None = None) -> Path:
    directory = tmp_path / "models" / "imported"
    import_textgenrnn(weights, vocab, config, directory, "imported")
    return directory


def model_of(directory: Path) -> WindowedCharRNN:
    model = load(directory, read_info(directory, "imported"))
    assert isinstance(model, WindowedCharRNN)
    return model


def probabilities(logits: Logits) -> Logits:
    found: Logits = np.exp(log_softmax(logits))
    return found


@needs_originals
@pytest.mark.parametrize("name", LIKELIEST)
def test_published_weights(tmp_path: Path, name: str) -> None:
    """After any context, of unknown characters too, the published weights give the original's probabilities."""
    model = model_of(imported(tmp_path, ORIGINALS / f"{name}.hdf5"))
    vocabulary = model.vocabulary
    characters, likely = LIKELIEST[name]

    prompts = [[vocabulary.start, *vocabulary.encode(context)] for context in CONTEXTS]
    found = probabilities(model.extend([model.start() for _ in prompts], prompts))

    assert np.abs(found.max(axis=1) - likely).max() < 1e-4
    assert vocabulary.decode(found.argmax(axis=1).tolist()) == characters


@needs_originals
@pytest.mark.parametrize("name", GREEDY)
def test_greedy_text(tmp_path: Path, name: str) -> None:
    """The likeliest 100 characters are the original's, wherever they begin."""
    writer = opened(Place(imported(tmp_path, ORIGINALS / f"{name}.hdf5"), name, shipped=False))

    texts = {prompt: writer.write(prompt, temperature=0, max_tokens=100) for prompt in GREEDY[name]}

    assert texts == GREEDY[name]
    writer.close()


@needs_originals
@pytest.mark.parametrize("name", ["char_uni", "char_bi", "word"])
def test_own_models(tmp_path: Path, name: str) -> None:
    """Models that somebody trained, both ways or by words, agree with the original, in NumPy and in torch."""
    directory = imported(tmp_path, FIXTURES / f"{name}_weights.hdf5")  # the other two files lie beside it
    golden = np.load(FIXTURES / f"{name}_golden.npz")
    windows = golden["X"].tolist()
    model = model_of(directory)
    reference = CharRNNForCausalLM.from_pretrained(directory).eval()

    found = probabilities(model.extend([model.start() for _ in windows], windows))
    with torch.no_grad():
        in_torch = probabilities(reference(torch.tensor(windows)).logits[:, -1].numpy())

    assert np.abs(found - golden["probs"]).max() < 1e-6
    assert np.abs(in_torch - golden["probs"]).max() < 1e-6
    assert np.array_equal(found.argmax(axis=1), golden["probs"].argmax(axis=1))


@needs_originals
@pytest.mark.parametrize(
    ("name", "prompts"),
    [("char_uni", ("the", "Show HN:")), ("char_bi", ("the", "Show HN:")), ("word", ("the", "show hn: a"))],
)
def test_own_models_texts(tmp_path: Path, name: str, prompts: tuple[str, ...]) -> None:
    """Their likeliest texts are the original's."""
    writer = opened(Place(imported(tmp_path, FIXTURES / f"{name}_weights.hdf5"), name, shipped=False))
    expected = json.loads((FIXTURES / f"{name}_greedy.json").read_text("utf-8"))

    texts = [
        prompt + writer.write(prompt, temperature=0, max_tokens=max(1, len(text) - len(prompt)))
        for prompt, text in zip(prompts, expected, strict=True)
    ]

    assert texts == expected
    writer.close()


@needs_originals
def test_words_read_as_the_original_reads_them(tmp_path: Path) -> None:
    """A prompt's words are small, its marks words of their own, and what it does not know is 0."""
    vocabulary = model_of(imported(tmp_path, FIXTURES / "word_weights.hdf5")).vocabulary
    known = json.loads((FIXTURES / "word_vocab.json").read_text("utf-8"))

    ids = vocabulary.encode("The Steve\tjobs (very strange),\nthe  unheard-of")

    words = ["the", "steve", "jobs", "(", "very", "strange", ")", ",", "the", "unheard", "-", "of"]
    assert ids == [known.get(word, 0) for word in words]
    assert vocabulary.decode(ids) == " the steve jobs very strange the of"


class Original:
    """A small textgenrnn model with random weights, as Keras saves it; its parts may be changed before `save`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.vocabulary: Any = {"a": 1, "b": 2, " ": 3, "<s>": 4}
        self.config: Any = {"max_length": 6, "rnn_layers": 1, "rnn_size": 3, "dim_embeddings": 2}
        draw = np.random.default_rng(0)
        shapes: dict[str, dict[str, tuple[int, ...]]] = {
            "embedding": {"embedding/embeddings:0": (5, 2)},
            "rnn_1": {"rnn_1/kernel:0": (2, 12), "rnn_1/recurrent_kernel:0": (3, 12), "rnn_1/bias:0": (12,)},
            "attention": {"attention_3/attention_3_W:0": (5, 1)},
            "output": {"output/kernel:0": (5, 5), "output/bias:0": (5,)},
        }
        self.layers = {
            layer: {name: draw.normal(0, 0.5, shape).astype(np.float32) for name, shape in arrays.items()}
            for layer, arrays in shapes.items()
        }

    @property
    def weights(self) -> Path:
        return self.directory / "own_weights.hdf5"

    def save(self, group: str = "/") -> Path:
        with h5py.File(self.weights, "w") as file:
            root = file.require_group(group)
            for layer, arrays in self.layers.items():
                saved = root.create_group(layer)
                saved.attrs["weight_names"] = [name.encode() for name in arrays]
                for name, array in arrays.items():
                    saved.create_dataset(name, data=array)
        (self.directory / "own_vocab.json").write_text(json.dumps(self.vocabulary), "utf-8")
        (self.directory / "own_config.json").write_text(json.dumps(self.config), "utf-8")
        return self.weights


@pytest.fixture
def original(tmp_path: Path) -> Original:
    return Original(tmp_path)


def after_nothing(directory: Path) -> Logits:
    model = model_of(directory)
    found: Logits = probabilities(model.extend([model.start()], [[model.vocabulary.start]]))[0]
    return found


def test_whole_models(tmp_path: Path, original: Original) -> None:
    """What Keras's `save` wrote is read as what its `save_weights` wrote."""
    plain = after_nothing(imported(tmp_path, original.save()))

    whole = after_nothing(imported(tmp_path, original.save("model_weights")))

    assert np.array_equal(plain, whole)


def test_cudnn(tmp_path: Path, original: Original) -> None:
    """Layers that were trained on a GPU, with gates in another order of memory and two biases, are the same layers."""
    plain = after_nothing(imported(tmp_path, original.save()))
    arrays = original.layers["rnn_1"]
    for name in ("rnn_1/kernel:0", "rnn_1/recurrent_kernel:0"):
        gates = [gate.T.reshape(gate.shape) for gate in np.split(arrays[name], 4, axis=1)]
        arrays[name] = np.concatenate(gates, axis=1)
    bias = arrays["rnn_1/bias:0"]
    arrays["rnn_1/bias:0"] = np.concatenate((0.25 * bias, 0.75 * bias))

    on_gpu = after_nothing(imported(tmp_path, original.save()))

    assert np.abs(on_gpu - plain).max() < 1e-6


def test_contexts(tmp_path: Path, original: Original) -> None:
    """A model with context labels comes in by its path for text alone, and its card says so."""
    plain = after_nothing(imported(tmp_path, original.save()))
    original.layers["context_output"] = {"context_output/kernel:0": np.ones((7, 5), np.float32)}

    directory = imported(tmp_path, original.save())

    assert np.array_equal(after_nothing(directory), plain)
    assert "Contexts are left out" in (directory / "README.md").read_text("utf-8")


def test_single_text(tmp_path: Path, original: Original) -> None:
    """A model of a single text begins from padding, as the original does, and does not end by itself."""
    original.vocabulary["c"] = original.vocabulary.pop("<s>")
    original.config["single_text"] = True

    directory = imported(tmp_path, original.save())

    model = model_of(directory)
    padding = probabilities(model.extend([model.start()], [[0] * 6]))[0]
    assert np.abs(after_nothing(directory) - padding).max() < 1e-6
    assert (model.info.min_tokens, model.info.max_tokens) == (300, 300)
    assert "begins from padding" in (directory / "README.md").read_text("utf-8")


def test_without_a_configuration(tmp_path: Path, original: Original) -> None:
    """Sizes come from the weights, words from the vocabulary, and the window is the original's 40."""
    original.vocabulary = {"the": 1, "end": 2, ".": 3, "<s>": 4}
    original.save()
    (tmp_path / "own_config.json").unlink()

    config = json.loads((imported(tmp_path, original.weights) / "config.json").read_text("utf-8"))

    assert (config["window"], config["hidden_sizes"], config["embedding_size"]) == (40, [3], 2)
    assert config["token"] == "word"


def test_lineage(tmp_path: Path, original: Original) -> None:
    """The directory records which files it was made of, and nothing of where they lay."""
    directory = imported(tmp_path, original.save())

    lineage = json.loads((directory / "planchette.json").read_text("utf-8"))

    assert [file["file"] for file in lineage["files"]] == ["own_weights.hdf5", "own_vocab.json", "own_config.json"]
    assert all(len(file["sha256"]) == 64 for file in lineage["files"])
    assert str(tmp_path) not in "".join(file.read_text("latin-1") for file in directory.iterdir())


def test_transformers_reads_the_tokenizer(tmp_path: Path, original: Original) -> None:
    """AutoTokenizer gives the same ids, and 0 for what is unknown."""
    tokenizer = AutoTokenizer.from_pretrained(imported(tmp_path, original.save()))

    assert tokenizer("abé a", add_special_tokens=False)["input_ids"] == [1, 2, 0, 3, 1]
    assert (tokenizer.bos_token_id, tokenizer.pad_token_id) == (4, 0)


def _truncate(length: int) -> Callable[[Original], None]:
    def change(original: Original) -> None:
        original.weights.write_bytes(original.weights.read_bytes()[:length])

    return change


def _foreign(original: Original) -> None:
    with h5py.File(original.weights, "w") as file:
        file["measurements"] = np.zeros(10)


def _huge(original: Original) -> None:
    with h5py.File(original.weights, "a") as file:
        del file["embedding/embedding/embeddings:0"]
        file["embedding"].create_dataset("embedding/embeddings:0", (10**6, 10**6), "f4", chunks=(1024, 1024))


def _elsewhere(original: Original) -> None:
    with h5py.File(original.weights, "a") as file:
        del file["embedding/embedding/embeddings:0"]
        numbers = [(str(original.weights), 0, 40)]
        file["embedding"].create_dataset("embedding/embeddings:0", (5, 2), "f4", external=numbers)


def _linked(original: Original) -> None:
    other = original.directory / "other.hdf5"
    other.write_bytes(original.weights.read_bytes())
    with h5py.File(original.weights, "a") as file:
        del file["embedding/embedding/embeddings:0"]
        file["embedding/embedding/embeddings:0"] = h5py.ExternalLink(str(other), "embedding/embedding/embeddings:0")


def _set(part: str, name: str, value: Any) -> Callable[[Original], None]:
    def change(original: Original) -> None:
        getattr(original, part)[name] = value
        original.save()

    return change


def _write(file: str, text: str) -> Callable[[Original], None]:
    def change(original: Original) -> None:
        (original.directory / file).write_text(text, "utf-8")

    return change


def _layer(layer: str, name: str, array: Any) -> Callable[[Original], None]:
    def change(original: Original) -> None:
        original.layers[layer][name] = array
        original.save()

    return change


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda original: original.weights.unlink(), "there is no such file"),
        *((_truncate(length), "it is no HDF5 file, or a part of it is missing") for length in (0, 7, 90, 2000, 6000)),
        (_write("own_weights.hdf5", "{}"), "it is no HDF5 file"),
        (_foreign, "it holds no textgenrnn model"),
        (_huge, "more than 2 GB"),
        (_elsewhere, "in other files"),
        (_layer("rnn_1", "rnn_1/bias:0", np.zeros(9, np.float32)), "rnn_1 has a bias of [9]"),
        (_layer("output", "output/kernel:0", np.zeros((4, 5), np.float32)), "output has shape [5, 4], not [5, 5]"),
        (_layer("output", "output/bias:0", np.full(5, np.nan, np.float32)), "not finite"),
        (_layer("output", "output/bias:0", np.full(5, 1e300)), "not finite"),
        (_layer("output", "output/bias:0", np.zeros(5, np.int32)), "numbers with fractions"),
        (_layer("output", "output/bias:0", np.zeros((), np.float32)), "it holds no textgenrnn model"),
        (_layer("rnn_1", "rnn_1/recurrent_kernel:0", np.zeros((), np.float32)), "it holds no textgenrnn model"),
        (_linked, "in other files"),
        (lambda original: (original.directory / "own_vocab.json").unlink(), "name one with --vocab"),
        (_write("own_vocab.json", "[1]"), "it holds no JSON object"),
        (_write("own_vocab.json", '{"a": "b"}'), "it is no vocabulary"),
        (_set("vocabulary", "c", 5), "it has 5 tokens and own_weights.hdf5 has 4"),
        (_set("vocabulary", "<s>", 9), "do not run from 1 to 4"),
        (_write("own_vocab.json", '{"a": 1, "\\ud800": 2, " ": 3, "<s>": 4}'), "half a character"),
        (_set("config", "word_level", "no"), "word_level has to be true or false"),
        (_set("config", "single_text", None), "single_text has to be true or false"),
        (_write("own_config.json", "{"), "it is no JSON"),
        (_set("config", "rnn_size", 128), "it says rnn_size 128 and the weights have 3"),
        (_set("config", "rnn_bidirectional", True), "it says rnn_bidirectional true and the weights have false"),
        (_set("config", "max_length", "forty"), "max_length has to be a whole number from 1 to 10,000"),
    ],
)
def test_bad_input(tmp_path: Path, original: Original, spoil: Callable[[Original], None], reason: str) -> None:
    """Files that are damaged or do not fit each other are one sentence, and nothing is left of them."""
    original.save()
    spoil(original)

    with pytest.raises(CannotImport) as raised:
        imported(tmp_path, original.weights)

    assert reason in str(raised.value)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "models").exists()
