"""What can be wrong with a host, each as one sentence; addresses and keys are nothing for a chat."""

from __future__ import annotations

from dataclasses import dataclass

from generators.errors import Translate, UserError, english


@dataclass(eq=False)
class HostAway(UserError):
    """Nobody answers at `remote.url`."""

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "The host of the models cannot be reached; try again later, or ask whoever runs the bot to look at it."
        )


@dataclass(eq=False)
class ConnectionLost(UserError):
    """The connection broke in the middle of a text, also a second time."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("The connection to the host of the models was lost twice while it wrote; try again.")


@dataclass(eq=False)
class KeyRefused(UserError):
    """The host does not take `remote.key`."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("The host of the models refuses the bot's key; whoever runs the bot has to set remote.key.")


@dataclass(eq=False)
class CertificateRefused(UserError):
    """The host shows a certificate that nobody vouches for, or that is another's; `reason` is OpenSSL's."""

    reason: str

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "The certificate of the host of the models is refused ({reason}); whoever runs the bot has to look at "
            "remote.ca and remote.url.",
            reason=self.reason,
        )


@dataclass(eq=False)
class HostStarting(UserError):
    """The host is there, but cannot write yet."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("The host of the models is starting; try again in a moment.")


@dataclass(eq=False)
class HostBusy(UserError):
    """A host that does not say how many wait takes nothing more now."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("The host of the models is busy; try again in a moment.")


@dataclass(eq=False)
class HostRefused(UserError):
    """A host of another kind refused a request."""

    reason: str

    def sentence(self, translate: Translate = english) -> str:
        return translate("The host of the models refused this: {reason}", reason=self.reason)


@dataclass(eq=False)
class NotAnApi(UserError):
    """Something answers at `remote.url`, but no completions API."""

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "What answers where the models should be is no completions API; whoever runs the bot has to set remote.url."
        )
