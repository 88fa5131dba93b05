"""What `planchette doctor` finds out about Telegram."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from bot.shell.checks import Finding, State
from generators.errors import MissingExtra

if TYPE_CHECKING:
    from telegram import User, WebhookInfo

    from bot.configuration import Configuration, TelegramKeys

PATIENCE: Final = 10.0  # seconds for each answer


async def telegram_findings(configuration: Configuration) -> AsyncIterator[Finding]:
    """Whether the token is good, how the bot is called, what it hears in groups, and how updates come."""
    keys = configuration.telegram
    if keys.token is None:
        return
    if not all(map(find_spec, ("telegram", "aiolimiter"))):
        yield Finding("telegram", State.PROBLEM, MissingExtra("Telegram", "telegram").sentence())
        return
    from telegram.error import InvalidToken

    from bot.platforms.telegram.client import Client
    from bot.platforms.telegram.faults import OUTAGES, WrongToken

    client = Client(keys)
    try:
        me = await client.get_me(read_timeout=PATIENCE)
        webhook = await client.get_webhook_info(read_timeout=PATIENCE)
    except InvalidToken:
        yield Finding("telegram", State.PROBLEM, WrongToken().sentence())
    except OUTAGES as error:
        text = (
            f"{keys.api} does not answer ({error}); mend the connection, or telegram.api if that is the wrong address."
        )
        yield Finding("telegram", State.PROBLEM, text)
    else:
        for finding in (*_who(me), _updates(keys, webhook)):
            yield finding
    finally:
        await client.close_connections()


def _who(me: User) -> Iterator[Finding]:
    yield Finding("telegram", State.GOOD, f"The token is that of @{me.username}; people find it at {me.link}.")
    if me.can_read_all_group_messages:
        text = "Privacy mode is off: in groups the bot gets everything that is written, and keeps what is meant for it."
    else:
        text = (
            "Privacy mode is on: in groups the bot gets commands, mentions and replies to it, which is all it needs; "
            "only logging needs more (@BotFather, /setprivacy, then add the bot to the group again)."
        )
    yield Finding("telegram privacy", State.GOOD, text)
    if not me.can_join_groups:
        text = "The bot cannot be added to groups; @BotFather's /setjoingroups allows it."
        yield Finding("telegram groups", State.NOTE, text)


def _updates(keys: TelegramKeys, webhook: WebhookInfo) -> Finding:
    waiting = f"{webhook.pending_update_count} updates wait."
    if keys.webhook is None:
        if webhook.url:
            text = f"Updates are posted to {webhook.url}; telegram.webhook is not set, so the next start polls instead."
            return Finding("telegram updates", State.NOTE, text)
        return Finding("telegram updates", State.GOOD, f"The bot polls; {waiting}")
    if webhook.url != keys.webhook:
        text = f"telegram.webhook is {keys.webhook}, which the next start tells Telegram."
        return Finding("telegram updates", State.NOTE, text)
    if webhook.last_error_message:
        text = (
            f"Telegram could not post to {webhook.url} at {webhook.last_error_date:%Y-%m-%d %H:%M} UTC "
            f"({webhook.last_error_message}); see that the proxy hands it to {keys.webhook_host}:{keys.webhook_port}."
        )
        return Finding("telegram updates", State.NOTE, f"{text} {waiting}")
    return Finding("telegram updates", State.GOOD, f"They are posted to {webhook.url}; {waiting}")
