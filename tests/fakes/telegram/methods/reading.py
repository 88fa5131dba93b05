"""Methods by which a bot gets what comes in: updates, by polls or a webhook, and files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tests.fakes.telegram.limits import DOWNLOAD
from tests.fakes.telegram.methods.asking import Method, Parameters
from tests.fakes.telegram.refusal import Refused, bad_request

if TYPE_CHECKING:
    from tests.fakes.telegram.server import TelegramServer


async def get_updates(telegram: TelegramServer, parameters: Parameters) -> list[dict[str, Any]]:
    """Long polling."""
    if telegram.webhook.url:
        raise Refused(
            409,
            "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook"
            " first",
        )
    _remember_allowed(telegram, parameters)
    return await telegram.updates.poll(
        parameters.get("offset", 0), parameters.get("limit", 100), parameters.get("timeout", 0)
    )


async def set_webhook(telegram: TelegramServer, parameters: Parameters) -> bool:
    """Posts updates to an address from now on."""
    _remember_allowed(telegram, parameters)
    if parameters.get("drop_pending_updates", False):
        telegram.updates.forget()
    await telegram.webhook.set(parameters["url"], parameters.get("secret_token"))
    return True


async def delete_webhook(telegram: TelegramServer, parameters: Parameters) -> bool:
    """Goes back to polling."""
    if parameters.get("drop_pending_updates", False):
        telegram.updates.forget()
    await telegram.webhook.set("", None)
    return True


def get_webhook_info(telegram: TelegramServer, parameters: Parameters) -> dict[str, Any]:
    """How the webhook does."""
    return telegram.webhook.info()


def get_file(telegram: TelegramServer, parameters: Parameters) -> dict[str, Any]:
    """Where a file can be fetched."""
    file = telegram.files.get(parameters["file_id"])
    if file is None:
        raise bad_request("invalid file_id")
    if len(file.data) > DOWNLOAD:
        raise bad_request("file is too big")
    return {**file.json(), "file_path": file.path}


def _remember_allowed(telegram: TelegramServer, parameters: Parameters) -> None:
    if "allowed_updates" in parameters:
        telegram.updates.allowed = frozenset(parameters["allowed_updates"])


METHODS: Final[dict[str, Method]] = {
    "getUpdates": get_updates,
    "setWebhook": set_webhook,
    "deleteWebhook": delete_webhook,
    "getWebhookInfo": get_webhook_info,
    "getFile": get_file,
}
