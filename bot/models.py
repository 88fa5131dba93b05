"""Which models can write, and which one does where nobody has chosen."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from bot.names import nearest, versioned
from generators.completion import CompletionRequest, Generator, ModelInfo
from generators.errors import Translate, UnknownModel, UserError, english


@dataclass(eq=False)
class ModelGone(UserError):
    """The model that a place has chosen is not there any more."""

    name: str

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "The model {name} that writes here is gone; choose another with `/models use`, or name one with model=…",
            name=self.name,
        )


@dataclass(eq=False)
class NoModels(UserError):
    """A text was asked for where no model is installed."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("There is no model to write with; `planchette train` makes one, `models import` brings one.")


class Models:
    """What the generators list, as places choose among it.

    Args:
        generator: lists and writes.
        wanted: the operator's default; None for the best that there is, which generators list first.
    """

    def __init__(self, generator: Generator, wanted: str | None) -> None:
        self._generator = generator
        self._wanted = wanted

    async def all(self) -> tuple[ModelInfo, ...]:
        """What can write now, the default first."""
        plain = self._wanted and versioned(self._wanted)[0]
        return tuple(sorted(await self._generator.models(), key=lambda info: info.name != plain))

    async def default(self) -> ModelInfo:
        """What writes where nobody has chosen.

        Raises:
            NoModels: there is none.
            UnknownModel: the operator wants one that is not there.
        """
        if self._wanted is not None:
            return await self.find(self._wanted)
        listed = await self.all()
        if not listed:
            raise NoModels
        return listed[0]

    async def chosen(self, asked: str | None, here: str | None) -> ModelInfo:
        """What writes: what somebody asked for, else what the place has set, else the default.

        Raises:
            UserError: it is not there.
        """
        if asked is not None:
            return await self.find(asked)
        if here is None:
            return await self.default()
        try:
            return await self.find(here)
        except UnknownModel as fault:
            raise ModelGone(here) from fault

    async def find(self, name: str) -> ModelInfo:
        """What a name, or `name@version`, stands for.

        Raises:
            UnknownModel: no generator has it.
        """
        listed = await self.all()
        plain, version = versioned(name)
        info = next((info for info in listed if info.name == plain), None)
        if info is None:
            raise UnknownModel(name, nearest(plain, [info.name for info in listed]))
        if version is None or version == info.version:
            return info
        async with self._generator.complete(CompletionRequest(model=name, max_tokens=0)):
            return dataclasses.replace(info, version=version)  # an older one, which is kept but not listed


def pinned(info: ModelInfo) -> str:
    """The name of exactly this version, which token ids belong to."""
    return f"{info.name}@{info.version}" if info.version else info.name
