"""What can be wrong with a training that a person asked for."""

from __future__ import annotations

from dataclasses import dataclass

from generators.errors import Translate, UserError, english


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
