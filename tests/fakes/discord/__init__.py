"""A Discord on loopback: the gateway and REST API that the real discord.py connects to over HTTP and websockets.

It is strict. Every request is checked against Discord's published API (where the document is at hand), against
Discord's limits and rates; what Discord would refuse is refused with Discord's status and code, and noted in
`discord.faults`, so that a test can end with `assert discord.faults == []`.

    async with DiscordServer() as discord:                  # inside a test's event loop, on a port of its own
        monkeypatch.setattr(Route, "BASE", discord.api)     # "http://127.0.0.1:PORT/api/v10"
        monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(discord.gateway_url))
        guild = discord.guild("Writers", channels=["lobby", "stories"], preferred_locale="de")
        lobby, ada = guild["lobby"], discord.user("Ada", locale="de")
        ...                                                 # the bot logs in with discord.token
        await discord.ready()                               # a bot has identified and every shard has its guilds
        interaction = await ada.slash(lobby, "story start", text="Once", seconds=10)
        ballot = await lobby.until(lambda message: message.buttons)
        press = await ada.press(ballot, ballot.buttons[0].custom_id)
        await press.acknowledged()
        assert ada.private(lobby) == []
        assert discord.faults == []

The world is made at once, what people do is awaited. Helpers that wait take `timeout` seconds (60 by default) and raise
an AssertionError which says what is there instead.

**`DiscordServer(*, token=…, message_content=False, members=False, shards=1, checked=True, paced=True, port=0)`**
  message_content, members: privileged intents that are switched on for the application; checked: requests are held
  against the OpenAPI document; paced: rate limits are enforced.
  - `api`, `gateway_url` (discord.py takes it from GET /gateway/bot only at a first connection of an AutoShardedClient
    without a shard_count; a new session after an invalid one goes to DEFAULT_GATEWAY), `token`, `application` (its
    `id`, `flags`, `commands`, `guild_commands[guild_id]`, `creations`), `bot` (User)
  - `user(name, locale="en-US", *, bot=False) -> User` · `user.guild_join(guild)` happens by itself at a first act
  - `guild(name, channels=["general"], *, preferred_locale="en-US", roles=0) -> Guild`
  - `dm(user) -> Channel` · `message(id)`, `channel(id)` look things up · `interactions`: all of them, in order
  - `gateway.identifies`, `gateway.resumes`: how often the bot began a session, and took one up again
  - `await ready()` · `await until(condition, timeout=60)`: looked at again after every change of this world
  - `now()`, `advance(seconds)`: Discord's clock, which ages interactions, tokens and buckets
  - `requests: list[Request(method, path, json, files, at, status)]`, `requests_to("POST", "/channels/*/messages")`
  - `faults: list[Fault(method, path, status, code, why)]`; `expected(status=None, code=None, why="") -> list[Fault]`
    takes out those that a test provoked on purpose (at least one must be there)
  - `schema_checked: bool`: whether the OpenAPI document was there; `invalid_requests`: how many 401, 403 and 429

**Guild**: `id`, `name`, `channels`, `guild["lobby"]` · `channel(name, *, deny=()) -> Channel` · `member(user,
  *permissions)`: joins, and holds these permissions, such as "manage_guild" · `remove()` (the bot is kicked:
  GUILD_DELETE) · `grant(*permissions)`: what the bot's role may do, and no more · `outage()`, `recover()`: unavailable
  for a while

**Channel** (a thread and a direct channel too): `id`, `name`, `guild`, `parent`, `messages` (public and not deleted)
  - `thread(name, *, message=None) -> Channel` (by a person) · `threads` · `archive()`, `lock()`, `delete()`,
    `rename(name)`
  - `deny(*permissions)`, `allow(*permissions)`: what the bot may do there: "view_channel", "send_messages",
    "send_messages_in_threads", "create_public_threads", "embed_links", "attach_files", "read_message_history"
  - `await until(predicate | "contained text", timeout=60) -> Message`: the newest public message for which it holds
  - `typing`: how often the bot said that it is typing

**User**
  - `await slash(channel, "story start", *, anyway=False, **options) -> Interaction`: options are typed and checked
    against what was registered, `CommandNotOffered` (an AssertionError) where a client would not offer it; `anyway`:
    even if `default_member_permissions` hide it (a server's admins can change the default). A file option is
    `Upload(name, bytes)`; the bot fetches it at its address, which is good for a day
  - `await autocomplete(channel, "generate", focused="model", model="gp", **options) -> list[Choice(name, value)]`
  - `await context_menu(channel, "Continue this", message_or_user)`
  - `await press(message, "custom_id or label") -> Interaction`, `await select(message, custom_id, values)`; an unknown
    custom_id is sent as it is, as from an old client
  - `await submit(interaction.modal, {"field's custom_id or label": "text"}) -> Interaction`
  - `await say(channel, text, *, reply_to=None, ping=True, files=[Upload(…)]) -> Message`
  - `await edit(message, text)`, `await delete(message)` (an admin may delete the bot's), `await
    delete_many(messages)` (of one channel at once, by a moderator)
  - `private(channel) -> list[Message]`: ephemeral messages that only this person sees
  - `await until(channel, predicate) -> Message`: as `channel.until`, with this person's private messages
  - `sees(channel)`: public messages and their private ones · `dms_closed = True`: takes no direct messages (50007)
  - `mention`: "<@id>"

**Interaction**: `id`, `created_at`, `acknowledged_at`, `latency` (seconds or None), `kind` (the response's type or
  None), `responses`, `followups`, `modal`, `choices`, `original` (Message or None) · `await acknowledged(timeout=60)`
  (any callback) · `await answered(timeout=60) -> Message`: a message with something in it, deferred or not; for an
  update, the updated one

**Message**: `id`, `channel`, `author`, `content`, `components`, `buttons: list[Button(label, custom_id, style,
  disabled, row, url)]`, `embeds`, `attachments: list[Attachment(name, data, content_type, url)]`, `flags`,
  `private_for: User | None`, `edited: datetime | None`, `deleted`, `reply_to: int | None`, `nonce`, `versions:
  list[str]` (its content at every edit)

**Misbehaviour**
  - `fail_next(method, path, *, status=500, times=1)`; `limit_next(method, path, *, retry_after, is_global=False,
    times=1)`; `slow_next(method, path, *, seconds, times=1)`; a path is "/channels/*/messages", "*" stands for one
    part; "/attachments/*/*" are files
  - `await drop()`: every gateway connection is cut without a close frame (resumable); `await close_gateway(code)`
  - `await invalidate(resumable=False)` (op 9), `await request_reconnect()` (op 7)
  - `go_down()`, `come_back()`: gateway and REST refuse connections in between (REST answers 503)
  - `twice(count=1)`: the next events are sent twice · `hold()`, `release(reverse=True)`: events held back, then in
    another order · `strange()`: unknown event types, and unknown fields in all that follow
  - `dispatch(event, data, guild=None)`: any event at all

**Another process**: `python -m tests.fakes.discord --port 0` prints one JSON line `{"api", "gateway", "control",
  "token", "application"}`. POST to `control` `{"on": REF?, "do": "slash", "args": […], "kwargs": {…}}` calls the
  method of that name, and `{"on": REF?, "get": "messages"}` reads an attribute. The answer is `{"result": …}`, or
  `{"error": "…"}` with status 400. Objects are described as `{"$": "message:ID", …}`, and such an object (or `{"$":
  "message:ID"}`) is a REF and may stand among the arguments. Without `on` it is the server. `{"$": "upload", "name",
  "text"}` is an Upload. `RemoteDiscord(control)` in `tests.fakes.discord.remote` does so from Python, and `async with
  running() as remote` there starts the process too (`remote.addresses` is what it printed): `await
  remote.call("slash", channel, "story start", on=ada, text="Once")`, `await remote.get("messages", on=channel)`.
"""

from tests.fakes.discord.channels import Channel
from tests.fakes.discord.commands import CommandNotOffered
from tests.fakes.discord.faults import Fault, Request
from tests.fakes.discord.guilds import Guild
from tests.fakes.discord.interactions import Choice, Interaction, Modal
from tests.fakes.discord.messages import Attachment, Button, Message, Upload
from tests.fakes.discord.server import DiscordServer
from tests.fakes.discord.users import User

__all__ = [
    "Attachment",
    "Button",
    "Channel",
    "Choice",
    "CommandNotOffered",
    "DiscordServer",
    "Fault",
    "Guild",
    "Interaction",
    "Message",
    "Modal",
    "Request",
    "Upload",
    "User",
]
