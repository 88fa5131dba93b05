"""Which models can write, and which one does where nobody has chosen."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.labels import check_label
from bot.names import no_such_model, versioned
from generators.completion import CompletionRequest, Generator, ModelInfo
from generators.errors import Translate, UnknownModel, UnusableModel, UserError, english

if TYPE_CHECKING:
    from bot.conversation import Place
    from bot.visibility import Visibility

REMOTE: Final = "remote:"  # how names begin of models that another machine has


@dataclass(eq=False)
class ModelGone(UserError):
    """The model that a place has chosen is not there any more."""

    name: str

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "The model {name} that writes here is gone; choose another with /models use, or name one with model=…",
            name=self.name,
        )


@dataclass(eq=False)
class CannotWrite(UserError):
    """A model whose files are missing or damaged; where they are is nothing for a chat."""

    name: str

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "The model {name} cannot be used; planchette doctor on the bot's machine says why.", name=self.name
        )


@dataclass(eq=False)
class NoModels(UserError):
    """A text was asked for where no model is installed."""

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "There is no model to write with; planchette train makes one, planchette models import brings one."
        )


class Models:
    """What the generators list, as places choose among it.

    Args:
        generator: lists and writes.
        wanted: the operator's default; None for the best that there is, which generators list first.
        visibility: who may know of which; None for the operator, who may know of all.
        place: where somebody asks; without one, only what is everybody's is known.
    """

    def __init__(
        self,
        generator: Generator,
        wanted: str | None,
        visibility: Visibility | None = None,
        place: Place | None = None,
    ) -> None:
        self._generator = generator
        self._wanted = wanted
        self._visibility = visibility
        self._place = place

    def at(self, place: Place) -> Models:
        """The same as far as somebody in a place may know of them."""
        return Models(self._generator, self._wanted, self._visibility, place)

    async def all(self) -> tuple[ModelInfo, ...]:
        """What can write now, the default first."""
        plain = self._wanted and versioned(self._wanted)[0]
        listed = await self._generator.models()
        if self._visibility is not None:
            listed = await self._visibility.seen(listed, self._place)
        return tuple(sorted(listed, key=lambda info: info.name != plain))

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
            OutOfUse: it is tainted.
        """
        info, listed = await self._found(name)
        if not listed:
            await self._load(name)
        return info

    async def admit(self, name: str) -> None:
        """Makes sure that a model may be known here, whether it can write or not.

        Raises:
            UnknownModel: it may not, which is told as if it were not there.
        """
        if self._visibility is not None and not await self._visibility.may_know(versioned(name)[0], self._place):
            raise no_such_model(name, [info.name for info in await self.all()])

    async def check_label(self, label: str | None, info: ModelInfo) -> None:
        """Makes sure that a model has a label, where one is asked for.

        Raises:
            NoSuchLabel: it does not; the error names models that do.
        """
        if label is not None:
            listed = await self.all()
            if info in listed:  # an older version may have others, which only its own files say
                check_label(label, info, listed)

    async def usable(self, name: str) -> ModelInfo:
        """As `find`, once it is sure that the model can write.

        Raises:
            UserError: it is not there, or cannot.
        """
        info, _ = await self._found(name)
        await self._load(name)
        return info

    async def here(self, chosen: str | None) -> ModelInfo | None:
        """What writes where this is chosen, as it is listed; None where nothing does."""
        listed = await self.all()
        name = self._wanted if chosen is None else chosen
        if name is None:
            return listed[0] if listed else None
        return next((info for info in listed if info.name == versioned(name)[0]), None)

    async def _found(self, name: str) -> tuple[ModelInfo, bool]:
        """What a name stands for, and whether it is listed; older versions are kept, but are not."""
        listed = await self.all()
        plain, version = versioned(name)
        if self._visibility is not None:
            await self._visibility.check(plain, version, self._place)
        info = next((info for info in listed if info.name == plain), None)
        if info is None:
            if plain.startswith(REMOTE) and not await self._hides(plain):
                await self._load(name)  # it may be only that its host is away, which asking it says
            raise no_such_model(name, [info.name for info in listed])
        if version is None or version == info.version:
            return info, True
        return dataclasses.replace(info, version=version), False

    async def _hides(self, name: str) -> bool:
        """Whether there is such a model, of which nobody here may know."""
        return any(info.name == name for info in await self._generator.models())

    async def _load(self, name: str) -> None:
        try:
            async with self._generator.complete(CompletionRequest(model=name, max_tokens=0)):
                pass
        except UnusableModel as fault:
            raise CannotWrite(name) from fault


def pinned(info: ModelInfo) -> str:
    """The name of exactly this version, which token ids belong to."""
    return f"{info.name}@{info.version}" if info.version else info.name
