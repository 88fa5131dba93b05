"""Every generator that is to hold to the contract."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from generators.completion import Generator, ModelInfo
from generators.guard import guard_with
from generators.local import LocalGenerator, Shelf
from generators.memorisation import index_of
from generators.places import shipped_directory
from generators.registry import CombinedGenerator, GeneratorSettings
from generators.remote.generator import RemoteGenerator
from generators.scripted import Script, ScriptedGenerator
from generators.single import SingleGenerator
from tests.fakes.clustering import KEY
from tests.fakes.hosting import hosted
from tests.fakes.llama import MISSING, interpreter, served
from tests.fakes.models import save_tiny
from tests.plugins import BIGRAMS

TEXTS = (
    "Once upon a time there was a fox. “Come in!” it said, and then it was gone.",
    "Once there was a time… The fox said: “Come!”\n\nAnd it came, upon a time.",
)


LOCAL = ("scripted characters", "scripted words", "random", "shipped", "combined", "plug-in")
GUARDED = ("guarded characters", "guarded words")
REMOTE = ("remote scripted characters", "remote shipped")  # the same on a host of ours
FOREIGN = "llama.cpp"  # a server of another kind, with the abilities it has
CLUSTER = pytest.param("cluster", marks=[pytest.mark.xdist_group("cluster"), pytest.mark.timeout(600)])
ABILITIES: Mapping[str, Callable[[ModelInfo], bool]] = {
    "echo": lambda info: info.echo,
    "seeds": lambda info: info.seeds,
    "units": lambda info: bool(info.units),
    "ids": lambda info: bool(info.units),  # a vote goes on by token ids, so who has one has the other
    "vocabulary": lambda info: info.alternatives is None,
}


@pytest.fixture(scope="session")
def llama_cpp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of llama.cpp's server."""
    python = interpreter()
    if python is None:
        pytest.skip(f"llama.cpp's server is not installed: {MISSING}")
    with served(python, tmp_path_factory.mktemp("llama")) as url:
        yield url


@pytest.fixture(params=[*LOCAL, *GUARDED, *REMOTE, FOREIGN, CLUSTER])
async def generator(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Generator]:
    """A generator whose first model is to be tested."""
    if request.param == "cluster":
        remote = RemoteGenerator(request.getfixturevalue("deployed").url, KEY)
        yield remote
        await remote.close()
        return
    if request.param == FOREIGN:
        remote = RemoteGenerator(request.getfixturevalue("llama_cpp"))
        yield remote
        await remote.close()
        return
    kind = request.param.removeprefix("remote ")
    made = generator_of(kind, tmp_path)
    if kind == request.param:
        yield made
        await made.close()
        return
    async with hosted(made) as url:
        remote = RemoteGenerator(url)
        yield remote
        await remote.close()


def generator_of(kind: str, tmp_path: Path) -> Generator:
    """A generator of this kind."""
    if kind == "scripted characters":
        return ScriptedGenerator(Script(texts=TEXTS, order=3, smoothing=0.5))
    if kind == "scripted words":
        return ScriptedGenerator(Script(texts=TEXTS, token="word", order=1, smoothing=0.5))
    if kind in GUARDED:
        words = kind.endswith("words")
        script = Script(texts=TEXTS, token="word" if words else "character", order=2 if words else 4, smoothing=0.4)
        model = script.model()
        guard_with(model, index_of((*TEXTS, "Once upon a time Come And it came")))  # which it likes to write
        return SingleGenerator(model)
    if kind == "random":
        save_tiny(tmp_path / "tiny" / "1")
        return LocalGenerator([Shelf(tmp_path)])
    if kind == "plug-in":
        return plugged()
    if kind == "shipped":
        if not (shipped_directory() / "charrnn" / "config.json").is_file():
            pytest.skip("the shipped char-RNN is not there")
        return CombinedGenerator([LocalGenerator([Shelf(shipped_directory(), shipped=True)])], "charrnn")
    return CombinedGenerator([LocalGenerator([]), ScriptedGenerator(Script(texts=TEXTS, order=2, smoothing=1.0))])


def plugged() -> Generator:
    """The generator of the package that `docs/generators.md` shows."""
    spec = spec_from_file_location("planchette_bigrams", BIGRAMS / "planchette_bigrams.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    made: Generator = module.factory(GeneratorSettings())
    return made


@pytest.fixture
async def model(request: pytest.FixtureRequest, generator: Generator) -> ModelInfo:
    """Its first model, which is asked for nothing that it says it cannot do."""
    info = (await generator.models())[0]
    for marker in request.node.iter_markers("needs"):
        for ability in marker.args:
            if not ABILITIES[ability](info):
                pytest.skip(f"{info.name} has no {ability}")
    return info
