"""What can be wrong with a training that a person asked for."""

from __future__ import annotations

from dataclasses import dataclass

from generators.errors import InvalidValue, Translate, UserError, english


@dataclass(eq=False)
class CannotResume(UserError):
    """There is no interrupted training at that place, or it was another one; `differs` names what."""

    path: str
    differs: tuple[str, ...] = ()

    def sentence(self, translate: Translate = english) -> str:
        if not self.differs:
            return translate("There is no interrupted training in {path}; start one without --resume.", path=self.path)
        return translate(
            "The interrupted training in {path} was started with another {differs}; repeat that, or start anew "
            "without --resume.",
            path=self.path,
            differs=", ".join(self.differs),
        )


@dataclass(eq=False)
class NoSuchRecipe(InvalidValue):
    """A recipe's name that none has; `nearest` is the closest one that there is, if any is close."""

    nearest: str | None = None

    def sentence(self, translate: Translate = english) -> str:
        if self.nearest is None:
            return super().sentence(translate)
        return translate("There is no recipe {value}. Did you mean {nearest}?", value=self.value, nearest=self.nearest)


@dataclass(eq=False)
class NoSuchOption(InvalidValue):
    """An option that a recipe lacks; `near` are those of its own that are called alike."""

    recipe: str
    near: tuple[str, ...] = ()

    def sentence(self, translate: Translate = english) -> str:
        near = ", ".join(f"--{name.replace('_', '-')}" for name in self.near)
        facts = {"name": self.name, "recipe": self.recipe, "near": near}
        if near:
            return translate(
                "The recipe {recipe} has no option {name}, but {near}; `planchette recipes {recipe}` lists all.",
                **facts,
            )
        return translate("The recipe {recipe} has no option {name}; `planchette recipes {recipe}` lists all.", **facts)


@dataclass(eq=False)
class NeedsBase(InvalidValue):
    """An adapter that was asked for without a model to be trained beside."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("{name} needs a base: name the trained model that the adapter is for.", name=self.name)


@dataclass(eq=False)
class NothingToLearn(UserError):
    """Cleaning left no text."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("No text is left after cleaning; give other files or other filters.")


@dataclass(eq=False)
class UnreadableSource(UserError):
    """A source that gives no documents; `reason` says why."""

    path: str
    reason: str

    def sentence(self, translate: Translate = english) -> str:
        return translate("{path} cannot be read: {reason}.", path=self.path, reason=self.reason)


@dataclass(eq=False)
class TooLittleMemory(UserError):
    """A training needs more memory than is free, both in bytes."""

    needed: int
    free: int

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "This training needs at least {needed} GB of memory and {free} GB are free; close other programs, choose "
            "a smaller model, or train an adapter with lora.",
            needed=f"{self.needed / 1e9:.1f}",
            free=f"{self.free / 1e9:.1f}",
        )


@dataclass(eq=False)
class Diverged(UserError):
    """The weights of a training became infinite, or no numbers, by this step; nothing was published."""

    step: int

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "The training diverged by step {step}: its weights are no numbers any more; start it anew with a lower "
            "learning rate.",
            step=f"{self.step:,}",
        )


@dataclass(eq=False)
class UnusableLabels(UserError):
    """A label column that does not hold kinds of text; `reason` says why."""

    reason: str

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "These labels cannot be learnt: {reason}; name a column that says in a word or two what kind a text is.",
            reason=self.reason,
        )


@dataclass(eq=False)
class AlreadyTraining(UserError):
    """Another process trains a model of that name."""

    name: str

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "A model {name} is being trained already; wait until that is done, or give this one another name.",
            name=self.name,
        )


@dataclass(eq=False)
class CannotSave(UserError):
    """What a training keeps on its way cannot be written: a full disk, mostly."""

    path: str
    reason: str

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "The training cannot be saved in {path}: {reason}. When that is mended, the same with --resume goes on "
            "from the last check that was saved whole.",
            path=self.path,
            reason=self.reason,
        )


@dataclass(eq=False)
class Stopped(UserError):
    """Somebody asked the training to end before it was done; nothing was published.

    Attributes:
        step, of: steps that were taken, of those planned; 0 and 0 while the text was being read.
        kept: whether there is a checkpoint to go on from.
    """

    step: int
    of: int
    kept: bool

    def sentence(self, translate: Translate = english) -> str:
        if not self.kept:
            return translate("The training was stopped before its first step, and nothing of it is kept.")
        if not self.of:
            return translate("The training was stopped; the same command with --resume goes on from its last check.")
        return translate(
            "The training was stopped at step {step} of {of}; the same command with --resume goes on from there.",
            step=f"{self.step:,}",
            of=f"{self.of:,}",
        )
