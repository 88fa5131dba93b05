"""The methods of the Bot API that this server knows."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Final

from tests.fakes.telegram.methods import about, chats, messages, reading
from tests.fakes.telegram.methods.asking import Method, chat_of
from tests.fakes.telegram.refusal import Refused, bad_request

if TYPE_CHECKING:
    from tests.fakes.telegram.server import TelegramServer

METHODS: Final[dict[str, Method]] = {**about.METHODS, **chats.METHODS, **messages.METHODS, **reading.METHODS}


async def perform(telegram: TelegramServer, method: str, parameters: dict[str, Any]) -> Any:
    """Does what was asked and returns its result.

    Raises:
        Refused: it was not done.
    """
    if method not in METHODS:
        raise Refused(404, "Not Found")
    _check(telegram, method, parameters)
    if telegram.rates is not None and "chat_id" in parameters:
        telegram.rates.take(method, chat_of(telegram, parameters, gone=True).id, telegram.clock())
    try:
        result = METHODS[method](telegram, parameters)
    except (KeyError, TypeError, AttributeError) as malformed:
        if telegram.schema_checked:  # then it is this server that is wrong
            raise
        raise bad_request(f"the parameters of {method} are malformed: {malformed!r}") from malformed
    return await result if inspect.isawaitable(result) else result


def _check(telegram: TelegramServer, method: str, parameters: dict[str, Any]) -> None:
    if telegram.schema is None:
        return
    problem = telegram.schema.problem_of_call(method, parameters)
    if problem is not None:
        raise bad_request(f"{method} does not fit the published API: {problem}")
