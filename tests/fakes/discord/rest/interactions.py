"""Answers to interactions: the callback, and the webhook that stays open for 15 minutes."""

from __future__ import annotations

from typing import Final

from tests.fakes.discord.faults import Refusal
from tests.fakes.discord.interactions import Interaction
from tests.fakes.discord.rates import Bucket
from tests.fakes.discord.rest.routing import YES, Call, route

WEBHOOK = "/webhooks/{webhook_id}/{webhook_token}"
ORIGINAL = WEBHOOK + "/messages/@original"
FOLLOWUP = WEBHOOK + "/messages/{message_id}"
RATE: Final = Bucket("webhook", 5, 2.0)  # for each token, over all of these routes


@route("POST", "/interactions/{interaction_id}/{interaction_token}/callback", major="interaction_id", authorised=False)
def callback(call: Call) -> object:
    """The first response."""
    interaction = call.server.by_token.get(call.params["interaction_token"])
    if interaction is None or interaction.id != call.id("interaction_id"):
        raise Refusal(404, 10062, "Unknown interaction")
    interaction.respond(call.body, call.files)
    return interaction.resource() if call.query.get("with_response") in YES else None


def opened(call: Call) -> Interaction:
    """The interaction whose webhook this is.

    Raises:
        Refusal: there is none, it was not answered yet, or its token is over.
    """
    interaction = call.server.by_token.get(call.params["webhook_token"])
    if interaction is None or call.id("webhook_id") != call.server.application.id or interaction.kind is None:
        raise Refusal(404, 10015, "Unknown Webhook")
    if not interaction.alive():
        raise Refusal(401, 50027, "Invalid Webhook Token")
    return interaction


@route("POST", WEBHOOK, bucket=RATE, major="webhook_token", authorised=False)
def follow_up(call: Call) -> object:
    """Another message."""
    return opened(call).follow_up(call.body or {}, call.files).payload()


def read(call: Call) -> object:
    """A message of this webhook."""
    return opened(call).find(call.params.get("message_id", "@original")).payload()


def edit(call: Call) -> object:
    """Changes a message of this webhook."""
    interaction = opened(call)
    message = interaction.find(call.params.get("message_id", "@original"))
    return interaction.edit(message, call.body or {}, call.files).payload()


def delete(call: Call) -> object:
    """Deletes a message of this webhook."""
    interaction = opened(call)
    call.server.desk.delete(interaction.find(call.params.get("message_id", "@original")))
    interaction.changed()
    return None


for template in (ORIGINAL, FOLLOWUP):  # aiohttp takes the first that matches
    for method, handler in (("GET", read), ("PATCH", edit), ("DELETE", delete)):
        route(method, template, bucket=RATE, major="webhook_token", authorised=False)(handler)
