"""Models in this process: directories become engines when they are first asked for."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

from generators.completion import CompletionRequest, Event, ModelInfo
from generators.devices import is_shortage
from generators.engine import MAX_BATCH, QUEUE_LIMIT, Engine, Voice
from generators.errors import MissingExtra, ShuttingDown, UnknownModel, Unsupported, UnusableModel
from generators.kinds import adapted, base_in_use, cache_bytes, info_of, is_installed, load_model, rank
from generators.model import Model
from generators.places import CONFIG, shipped_directory
from generators.registry import GeneratorSettings, unknown

MOST_LOADED: Final = 4  # models; those not in use beyond these are given up when another is loaded
MOST_ADAPTERS: Final = 256  # over them; one of rank 8 for GPT-2 of 124M takes 1 MB

_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Shelf:
    """A directory of models.

    Attributes:
        path: holds `NAME/` (shipped) or `NAME/VERSION/`.
        shipped: whether they came with the program.
        hides: whether the models of a `NAME/` are none of this shelf's; None for no such.
    """

    path: Path
    shipped: bool = False
    hides: Callable[[Path], bool] | None = None

    def names(self) -> list[str]:
        """Names of the models, in order."""
        if not self.path.is_dir():
            return []
        return sorted(each.name for each in self.path.iterdir() if each.is_dir() and self.directory(each.name))

    def directory(self, name: str, version: str | None = None) -> Path | None:
        """Where a version is; without one, the version in use.

        The version in use is the one that `NAME/planchette.json` names as `current`, otherwise the newest.
        """
        home = self.path / name
        if name != home.name or name.startswith((".", "_")):  # no way out of the shelf
            return None
        if self.hides is not None and self.hides(home):
            return None
        if self.shipped:
            found = (home / CONFIG).is_file() and (version is None or version == self.info(home).version)
            return home if found else None
        if version is None:
            version = _current(home)
        if version is not None:
            named = home / version
            return named if version == named.name and (named / CONFIG).is_file() else None
        configs = [path for path in home.glob(f"*/{CONFIG}") if not path.parent.name.startswith(".")]
        newest = max(configs, key=lambda path: (path.stat().st_mtime_ns, path.parent.name), default=None)
        return None if newest is None else newest.parent

    def info(self, directory: Path) -> ModelInfo:
        """What a model is, without reading its weights.

        Raises:
            UserError: it is damaged, or of a kind that cannot be used here.
        """
        if self.shipped:
            return _shipped_info(directory)
        info = info_of(directory, directory.parent.name)
        return replace(info, version=directory.name)


class _Loaded:
    """A model that is ready: the engine that writes it, alone or as one of its voices, and how many use it now."""

    __slots__ = ("engine", "model", "users", "voice")

    def __init__(self, model: Model[Any], engine: Engine, voice: Voice) -> None:
        self.model = model
        self.engine = engine
        self.voice = voice
        self.users = 0


class LocalGenerator:
    """Writes with the models on its shelves, an engine for each that is in use.

    Args:
        shelves: searched in this order, so that a shipped name is never taken by another model.
        max_batch: texts in a step of each engine.
        queue_limit: texts that may wait for each engine beyond these.
        threads: of the linear algebra; None for one in NumPy, and for torch half of the cores.
        device: of the kinds that compute with torch.
        precision: of a GPT-2's linear layers, as for `load_model`.
    """

    def __init__(
        self,
        shelves: Sequence[Shelf],
        *,
        max_batch: int = MAX_BATCH,
        queue_limit: int = QUEUE_LIMIT,
        threads: int | None = None,
        device: str = "auto",
        precision: str = "fp32",
    ) -> None:
        self._shelves = tuple(shelves)
        self._max_batch = max_batch
        self._queue_limit = queue_limit
        self._threads = threads
        self._device = device
        self._precision = precision
        self._loaded: dict[Path, _Loaded] = {}  # the least recently used first
        self._lock = threading.Lock()  # of the line above
        # one model at a time: two would double the peak of memory; who waits for it keeps no other thread waiting
        self._loader = ThreadPoolExecutor(1, thread_name_prefix="loader")
        self._closed = False

    async def models(self) -> Sequence[ModelInfo]:
        """The models in use here, shipped ones first; what cannot be used is logged and left out."""
        return await asyncio.to_thread(self._list)

    @asynccontextmanager
    async def complete(self, request: CompletionRequest) -> AsyncIterator[AsyncIterator[Event]]:
        """Streams a text; leaving the context cancels it. The first request for a model loads it.

        Raises:
            UserError: the request cannot be met.
        """
        loaded = await self._use(request.model)
        try:
            async with loaded.engine.complete(request, loaded.voice) as events:
                yield events
        finally:
            with self._lock:
                loaded.users -= 1

    async def load(self, name: str) -> ModelInfo:
        """Makes a model ready.

        Raises:
            UserError: there is no such model, or it cannot be used.
        """
        loaded = await self._use(name)
        with self._lock:
            loaded.users -= 1
        return loaded.voice.info

    async def ready(self, name: str) -> bool:
        """Whether a model is loaded."""
        try:
            _, directory = await asyncio.to_thread(self._find, name)
        except UnknownModel:
            return False
        return directory in self._loaded

    async def close(self) -> None:
        """Ends all engines, and what is being loaded."""
        self._closed = True
        await asyncio.to_thread(self._loader.shutdown, cancel_futures=True)
        with self._lock:
            loaded, self._loaded = self._loaded, {}
        for each in loaded.values():
            await asyncio.to_thread(each.engine.close)

    async def _use(self, name: str) -> _Loaded:
        """The loaded model, counted as in use once more."""
        if self._closed:
            raise ShuttingDown
        shelf, directory = await asyncio.to_thread(self._find, name)
        while (loaded := self._taken(directory)) is None:
            await self._wait_for(shelf, directory)
        return loaded

    async def _wait_for(self, shelf: Shelf, directory: Path) -> None:
        """Loads a model beside the event loop, after those that are asked for already."""
        try:
            loading = self._loader.submit(self._load, shelf, directory)
        except RuntimeError as fault:  # the loader takes nothing in any more
            raise ShuttingDown from fault
        try:
            await asyncio.wrap_future(loading)
        except asyncio.CancelledError as fault:
            task = asyncio.current_task()
            if self._closed and task is not None and not task.cancelling():  # it is the loading that was cancelled
                raise ShuttingDown from fault
            raise

    def _find(self, name: str) -> tuple[Shelf, Path]:
        plain, _, version = name.partition("@")
        for shelf in self._shelves:
            directory = shelf.directory(plain, version or None)
            if directory is not None:
                return shelf, directory
        raise unknown(name, (name for shelf in self._shelves for name in shelf.names()))

    def _taken(self, directory: Path) -> _Loaded | None:
        with self._lock:
            loaded = self._loaded.pop(directory, None)
            if loaded is not None and loaded.engine.closed:  # by a fault of its own: nobody closes one in here
                loaded = None
            if loaded is not None:
                loaded.users += 1
                self._loaded[directory] = loaded
            return loaded

    def _load(self, shelf: Shelf, directory: Path) -> None:
        there = self._loaded.get(directory)
        if there is None or there.engine.closed:
            info = shelf.info(directory)
            loaded = self._joined(directory, info) or self._opened(directory, info)
            with self._lock:
                self._loaded[directory] = loaded

    def _joined(self, directory: Path, info: ModelInfo) -> _Loaded | None:
        """An adapter as a voice of its base's engine; None where it is none, or needs weights of its own."""
        base = base_in_use(directory)
        if base is None:
            return None
        shelf, base = self._place_of(base)
        self._load(shelf, base)
        with self._lock:
            below = self._loaded[base]
        model = adapted(below.model, directory, info)
        if model is None:
            return None
        self._make_room(adapters=MOST_ADAPTERS - 1)
        return _Loaded(model, below.engine, below.engine.join(model))

    def _opened(self, directory: Path, info: ModelInfo) -> _Loaded:
        model = self._read(directory, info)
        engine = Engine(
            model,
            max_batch=self._max_batch,
            queue_limit=self._queue_limit,
            cache_bytes=cache_bytes(info.kind),
            threads=self._threads or 1,
        )
        self._make_room(engines=MOST_LOADED - 1)
        return _Loaded(model, engine, engine.voice)

    def _read(self, directory: Path, info: ModelInfo) -> Model[Any]:
        """A model with its weights; where memory does not suffice, models that nobody uses are given up for it."""
        load = partial(load_model, device=self._device, threads=self._threads, precision=self._precision)
        try:
            return load(directory, info)
        except (MemoryError, RuntimeError) as fault:
            if not is_shortage(fault):
                raise
            _log.warning("memory does not suffice for %s; models that nobody uses are given up", info.name)
        self._make_room(engines=0)  # out here, where nothing of the fault's keeps memory any more
        return load(directory, info)

    def _make_room(self, *, engines: int = MOST_LOADED, adapters: int = MOST_ADAPTERS) -> None:
        """Gives up models that nobody uses, the least recently used first, until no more than so many are left."""
        with self._lock:
            joined = [path for path, each in self._loaded.items() if each.voice is not each.engine.voice]
            idle = [path for path in joined if not self._loaded[path].users]
            gone = [self._loaded.pop(path) for path in idle[: max(0, len(joined) - adapters)]]
            used: dict[Engine, int] = {}  # the least recently used first
            for each in self._loaded.values():
                used[each.engine] = used.pop(each.engine, 0) + each.users
            spare = [engine for engine, users in used.items() if not users][: max(0, len(used) - engines)]
            self._loaded = {path: each for path, each in self._loaded.items() if each.engine not in spare}
        for each in gone:
            each.engine.leave(each.voice)
        for engine in spare:
            engine.close()

    def _place_of(self, directory: Path) -> tuple[Shelf, Path]:
        """A model's directory as the shelf names it that it stands on."""
        for shelf in self._shelves:
            if directory.resolve().is_relative_to(shelf.path.resolve()):
                return shelf, shelf.path / directory.resolve().relative_to(shelf.path.resolve())
        return Shelf(directory.parent.parent), directory

    def _list(self) -> list[ModelInfo]:
        found: dict[str, ModelInfo] = {}
        for shelf in self._shelves:
            for name in shelf.names():
                directory = shelf.directory(name)
                try:
                    if directory is None or name in found:
                        continue
                    info = shelf.info(directory)
                except (UnusableModel, Unsupported, MissingExtra) as fault:
                    _log.warning("the model %s is left out: %s", name, fault)
                    continue
                if is_installed(info.kind):
                    found[name] = info
                elif not shelf.shipped:  # a small server without torch is no fault
                    _log.warning("the model %s is left out: packages for its kind %s are missing", name, info.kind)
        return sorted(found.values(), key=lambda info: (not info.shipped, rank(info.kind), info.name))


def factory(settings: GeneratorSettings) -> LocalGenerator:
    """The shipped models and those of the settings' directory."""
    shelves = [Shelf(shipped_directory(), shipped=True)]
    if settings.models is not None:
        shelves.append(Shelf(settings.models, hides=settings.hides))
    return LocalGenerator(
        shelves,
        max_batch=settings.max_batch,
        queue_limit=settings.queue_limit,
        threads=settings.threads,
        device=settings.device,
        precision=settings.precision,
    )


@cache
def _shipped_info(directory: Path) -> ModelInfo:
    """Once, because where nobody has named a version it is a digest of the weights, and these do not change."""
    return info_of(directory, directory.name, shipped=True)


def _current(home: Path) -> str | None:
    try:
        version = json.loads((home / "planchette.json").read_text("utf-8")).get("current")
    except (OSError, ValueError, AttributeError):
        return None
    return version if isinstance(version, str) else None
