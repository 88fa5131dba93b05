"""The guard's file, who watches a text, and that a model which has the file is guarded however it is opened."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.numpy import save_file

from generators import load
from generators.errors import UnusableModel
from generators.guard import FILE, Watch, guard_of, index_in, save_guard
from generators.kinds import info_of, load_model
from generators.local import LocalGenerator, Shelf
from generators.memorisation import holds_run, index_of
from tests.fakes.models import save_tiny

TEXT = "One two three, four five six -- seven eight! Nine café."
INDEX = index_of([TEXT])


def test_the_file(tmp_path: Path) -> None:
    """An index comes back from its file, which any reader of safetensors can read."""
    save_guard(INDEX, tmp_path)

    again = index_in(tmp_path)

    assert again is not None
    assert again.salt == INDEX.salt
    assert np.array_equal(again.hashes, INDEX.hashes)
    with safe_open(tmp_path / FILE, framework="numpy") as opened:
        assert opened.metadata() == {
            "format": "planchette-guard",
            "version": "1",
            "words": "8",
            "salt": INDEX.salt.hex(),
        }
        assert np.array_equal(opened.get_tensor("runs"), INDEX.hashes)
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_an_empty_guard(tmp_path: Path) -> None:
    """A model that learnt nothing of eight words has a guard with nothing in it; one without a file has none."""
    nothing = index_in(tmp_path)

    save_guard(index_of(["too short"]), tmp_path)

    empty = index_in(tmp_path)
    assert nothing is None
    assert empty is not None
    assert not holds_run(TEXT, empty)


def test_damage(tmp_path: Path) -> None:
    """A guard that is cut short, of another version, or something else keeps its model from writing at all."""
    save_guard(INDEX, tmp_path)
    whole = (tmp_path / FILE).read_bytes()
    metadata = {"format": "planchette-guard", "version": "2", "words": "8", "salt": INDEX.salt.hex()}
    save_file({"runs": np.asarray(INDEX.hashes)}, tmp_path / "other", metadata)
    other = (tmp_path / "other").read_bytes()

    for damaged in (whole[:-1], whole[:20], b"", b"\x80pickle", other, whole[:8] + b"{}" + whole[10:]):
        (tmp_path / FILE).write_bytes(damaged)
        with pytest.raises(UnusableModel, match=r"guard\.safetensors"):
            index_in(tmp_path)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, 3), max_size=60), st.integers(0, 8), st.sampled_from((" ", ", ", "\n—", "é ")))
def test_a_watch_in_pieces(lengths: list[int], before: int, between: str) -> None:
    """However a text comes in pieces of bytes, the word that completes a run is found where it ends."""
    words = ["one", "two", "three", "four", "five", "six", "seven", "eight"]
    prompt = " ".join(words[:before]).encode()
    data = (between if before else "").encode() + between.join(words[before:]).encode() + b"."
    watch = Watch(INDEX, prompt)

    found, at = None, 0
    for length in [*lengths, *[3] * len(data)]:
        piece = data[at : at + length]
        repeated = watch.repeated(piece)
        if found is None and repeated is not None:
            found = at + len(piece)
        watch.read(piece)
        at += length

    if between.startswith("é") or before == len(words):
        assert found is None
    else:
        assert found is not None
        assert data.index(b"eight") + len(b"eight") == found or data[:found].endswith(b"eight" + data[-1:])


def test_settled() -> None:
    """What may still grow, a word or half a character, is not settled."""
    watch = Watch(INDEX, b"one t")

    assert watch.settled(b"wo") == 0
    assert watch.settled(b"wo three") == 3
    assert watch.settled(b"wo, ") == 4
    assert watch.settled("wo …".encode()[:-1]) == 3
    assert watch.repeated(b"") is None


async def test_every_way_of_opening(tmp_path: Path) -> None:
    """A directory with the file is guarded on a shelf, in a script, and wherever else it is loaded."""
    directory = save_tiny(tmp_path / "tiny" / "1")
    save_guard(INDEX, directory)
    local = LocalGenerator([Shelf(tmp_path)])

    await local.load("tiny")
    writer = load(directory)
    loaded = load_model(directory, info_of(directory, "tiny"))

    (engine,) = [each.engine for each in local._loaded.values()]
    for model in (engine._batching.model, writer._model, loaded):
        index = guard_of(model)
        assert index is not None
        assert index.salt == INDEX.salt
    writer.close()
    await local.close()


async def test_a_damaged_guard_stops_the_model(tmp_path: Path) -> None:
    """A model whose guard cannot be read is not written with."""
    directory = save_tiny(tmp_path / "tiny" / "1")
    (directory / FILE).write_bytes(b"0" * 40)
    local = LocalGenerator([Shelf(tmp_path)])

    with pytest.raises(UnusableModel, match="guard"):
        await local.load("tiny")

    await local.close()


def test_a_guarded_model_writes_what_it_would(tmp_path: Path) -> None:
    """Where nothing is repeated, the guard changes no text."""
    directory = save_tiny(tmp_path / "tiny" / "1")
    plain = load(directory)
    expected = [plain.write("One two", seed=seed, max_tokens=80) for seed in range(3)]
    plain.close()
    save_guard(INDEX, directory)

    guarded = load(directory)
    texts = [guarded.write("One two", seed=seed, max_tokens=80) for seed in range(3)]
    guarded.close()

    assert texts == expected
