"""Every generator there is, built-in or from a plug-in, behind one.

A package advertises a factory under the entry-point group `planchette.generators`; the built-in ones come in by the
same door. A factory takes the settings and gives a generator, or None where the settings do not ask for it.
"""

from __future__ import annotations

import difflib
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Final, TypeAlias

from generators.completion import CompletionRequest, Event, Generator, ModelInfo
from generators.errors import UnknownModel, UserError

GROUP: Final = "planchette.generators"

_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorSettings:
    """What factories are told.

    Attributes:
        models: directory of the models that were trained or imported here, `NAME/VERSION/`.
        hides: whether what is in a `NAME/` of them is not to be had; None where all is.
        default: the model to be listed first; None for the best that there is.
        max_batch: texts that each model writes at once.
        queue_limit: texts that may wait for each model beyond these.
        threads: of the linear algebra; None for what suits each model.
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
        precision: of a GPT-2's linear layers: `auto`, `fp32`, `bf16` or `int8`.
        remote_url, remote_key, remote_ca: a completions API, its key, and who vouches for its certificate.
        script: a file for the scripted generator.
    """

    models: Path | None = None
    hides: Callable[[Path], bool] | None = None
    default: str | None = None
    max_batch: int = 64
    queue_limit: int = 64
    threads: int | None = None
    device: str = "auto"
    precision: str = "auto"
    remote_url: str | None = None
    remote_key: str | None = None
    remote_ca: Path | None = None
    script: Path | None = None


Factory: TypeAlias = Callable[[GeneratorSettings], Generator | None]


class CombinedGenerator:
    """Several generators as one: a request goes to the first that knows its model.

    Args:
        generators: in the order in which they are asked.
        default: name of the model to be listed first.
    """

    def __init__(self, generators: Iterable[Generator], default: str | None = None) -> None:
        self._generators = tuple(generators)
        self._default = default

    async def models(self) -> Sequence[ModelInfo]:
        """What there is, the default first; a name that two generators have is the first one's.

        A generator that cannot say what it has is logged and left out.
        """
        listed: dict[str, ModelInfo] = {}
        for generator in self._generators:
            try:
                infos = await generator.models()
            except UserError as fault:  # a host that is away, which its generator warns of once
                _log.debug("the models of %s cannot be listed: %s", type(generator).__name__, fault)
                continue
            except Exception:  # what the others have can be used meanwhile
                _log.exception("the models of %s cannot be listed", type(generator).__name__)
                continue
            for info in infos:
                listed.setdefault(info.name, info)
        name = (self._default or "").partition("@")[0]
        return sorted(listed.values(), key=lambda info: info.name != name)

    async def load(self, name: str | None = None) -> None:
        """Makes a model ready, the default one where none is named.

        Raises:
            UserError: there is no such model, or it cannot be used.
        """
        if name is None:
            models = await self.models()
            name = self._default or (models[0].name if models else "")
        async with self.complete(CompletionRequest(model=name, max_tokens=0)):
            pass

    @asynccontextmanager
    async def complete(self, request: CompletionRequest) -> AsyncIterator[AsyncIterator[Event]]:
        """Streams a text; leaving the context cancels it.

        Raises:
            UnknownModel: no generator has it.
            UserError: the request cannot be met.
        """
        async with AsyncExitStack() as stack:
            for generator in self._generators:
                try:
                    events = await stack.enter_async_context(generator.complete(request))
                except UnknownModel:
                    continue
                yield events
                return
            raise unknown(request.model, [info.name for info in await self.models()])

    async def close(self) -> None:
        """Closes every generator."""
        async with AsyncExitStack() as stack:
            for generator in self._generators:
                stack.push_async_callback(generator.close)


def open_generators(settings: GeneratorSettings) -> CombinedGenerator:
    """All generators that the settings ask for; a plug-in that fails is logged and left out."""
    opened = []
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        try:
            factory: Factory = point.load()
            generator = factory(settings)
        except Exception:  # a stranger's code: whatever it raises, the others are to work
            _log.exception("the generator %s (%s) could not be opened", point.name, point.value)
            continue
        if generator is not None:
            opened.append(generator)
    return CombinedGenerator(opened, settings.default)


def unknown(name: str, listed: Iterable[str]) -> UnknownModel:
    """The error for a name that is not listed, with the nearest one that is."""
    nearest = difflib.get_close_matches(name.partition("@")[0], list(listed), n=1)
    return UnknownModel(name, nearest[0] if nearest else None)
