"""What Telegram can refuse, and what of it a person can mend."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import httpx
from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter, TelegramError, TimedOut

from generators.errors import Translate, UserError, english

# Descriptions are no part of the Bot API's documents; these are those that its server is known to send.
MAY_NOT: Final = re.compile(
    r"chat not found|not enough rights|have no rights|need administrator rights|chat_write_forbidden"
    r"|chat_send_\w+_forbidden|chat_restricted|chat_admin_required|channel_private|peer_id_invalid"
    r"|message thread not found|topic_closed|topic_deleted|topic_id_invalid|group chat was deactivated",
    re.IGNORECASE,
)
GONE: Final = re.compile(
    r"message to (?:be )?(?:edit(?:ed)?|delete) not found|message_id_invalid|message can't be edited"
    r"|message can't be deleted",
    re.IGNORECASE,
)
SAME: Final = re.compile("message is not modified", re.IGNORECASE)
NO_TEXT: Final = re.compile("there is no text in the message to edit", re.IGNORECASE)

# What a call raises where nothing sensible came back; beyond its own errors the library indexes into whatever it got.
OUTAGES: Final = (TelegramError, KeyError, TypeError, ValueError, AttributeError)
UNSENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(eq=False)
class WrongToken(UserError):
    """Telegram does not know the token, or knows it no more."""

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "Telegram does not accept the token in telegram.token; copy it anew from @BotFather (/mybots, API Token)."
        )


@dataclass(eq=False)
class WebhookRefused(UserError):
    """Telegram does not want to post updates to the address that the operator set."""

    url: str
    reason: str

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "Telegram does not take {url} as telegram.webhook ({reason}); set it to a public https:// address on port "
            "443, 80, 88 or 8443, or leave it out to poll.",
            url=self.url,
            reason=self.reason,
        )


@dataclass(eq=False)
class UnusableSecret(UserError):
    """A webhook secret that no header of Telegram's can carry."""

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "The value of telegram.webhook_secret has to be 1 to 256 of A-Z, a-z, 0-9, _ and -; leave it out to have "
            "one made at each start."
        )


@dataclass(eq=False)
class WebhookPort(UserError):
    """Nobody can listen where the webhook should."""

    host: str
    port: int

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "Nobody can listen on {host}, port {port}, where Telegram's updates should come in; set "
            "telegram.webhook_host and telegram.webhook_port to an address of this machine that is free.",
            host=self.host,
            port=self.port,
        )


def may_not_write(error: TelegramError) -> bool:
    """Whether the bot is not allowed to write in a place, or finds it no more."""
    return isinstance(error, Forbidden) or (isinstance(error, BadRequest) and MAY_NOT.search(str(error)) is not None)


def is_gone(error: BadRequest) -> bool:
    """Whether a message is no more, or not ours to change."""
    return GONE.search(str(error)) is not None


def is_outage(error: Exception) -> bool:
    """Whether the same call may do later: Telegram was away, or what it said was no answer."""
    if type(error) is TelegramError:  # nothing that could be read
        return True
    return isinstance(error, NetworkError | RetryAfter) and not isinstance(error, BadRequest)


def may_have_arrived(error: Exception) -> bool:
    """Whether Telegram may be carrying out a call at leisure, so that a second one would do the same twice."""
    return isinstance(error, TimedOut) and not isinstance(error.__cause__, UNSENT)
