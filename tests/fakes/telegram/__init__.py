"""A stand-in for Telegram: a strict Bot API server on loopback that the real python-telegram-bot talks to.

    async with TelegramServer() as telegram:                     # port 0: a free one
        ada = telegram.user("Ada", language_code="de")           # username "ada"; "" for none
        bob = telegram.user("Bob")
        chat = telegram.group("Night shift", members=[ada, bob], admins=[ada])   # the bot is in it
        bot = Bot(telegram.token, base_url=telegram.base_url, base_file_url=telegram.base_file_url)

        said = await ada.says(chat, "/story start Once")         # a Message; the bot gets an update
        ballot = await chat.until(lambda message: message.buttons)
        answer = await bob.presses(ballot, "and · 12 %")         # a label or callback_data; waits for the answer
        assert answer.text == "Your vote: and" and not answer.alert
        assert telegram.faults == []

**The world.** `telegram.user(name, *, username, language_code="en", is_bot=False)`, `telegram.private(user)` (the
chat with the bot, begun by `user.says(...)` or `private(user)`; `user.starts_bot()` says /start),
`telegram.group(title, members=[...], admins=[...], bot=True)`, `telegram.supergroup(..., forum=False)`,
`telegram.topic(chat, name)` (a Topic; give it as `topic=` to `says`). The first admin is the chat's owner.
`telegram.can_read_all_group_messages = False` is privacy mode, the default: then the bot hears of a group only
commands, mentions of it and replies to it, unless it is an administrator. `telegram.hears_bots = True` lets messages
of other bots through, which Telegram by default does not. Telegram cleans what people write (a NUL becomes a blank,
what turns the writing round vanishes); with `telegram.cleans = False` it arrives as it was typed.

**What people do** (awaited): `user.says(chat, text, *, topic=None, reply_to=None, anonymous=False)`;
`user.presses(message, button, *, seconds=60)` returns an `Answer(text, alert, url, seconds)`, also for a button that
has since been edited away; `user.presses_raw(message, data)` presses what was never there; `user.uploads(chat, name,
data, *, caption="", topic=None, reply_to=None)`; `user.edits(message, text)`; `user.forwards(message, chat)`;
`user.deletes(message)` (a bot is not told); `user.starts_bot()`, `user.blocks_bot()`, `user.unblocks_bot()`.

**What happens to the bot and to chats** (plain calls): `chat.add_bot(by)`, `chat.remove_bot(by)`,
`chat.promote_bot(by)`, `chat.demote_bot(by)`, `chat.restrict_bot(by)` (it may not write), `chat.unrestrict_bot(by)`,
`chat.join(user)`, `chat.leave(user)`, `chat.promote(user)`, `chat.demote(user)`, `chat.migrate()` (returns the new
supergroup; the old chat answers 400 with migrate_to_chat_id), `chat.close_topic(topic)`, `chat.reopen_topic(topic)`,
`chat.delete_topic(topic)`, `chat.delete()` (nobody finds it any more).

**What people see.** `chat.messages` (all that still stand), `chat.said` (those of the bot), `chat.newest` (its
newest). A `Message` has id, chat, sender, text (or caption), entities, buttons (a flat list of `Button(text, data,
url)`; `rows` has them in their rows), reply_markup, document and photo (`File` with name, data, mime_type), topic
(message_thread_id), reply_to, before (its texts before each edit), deleted. `await chat.until(predicate, *,
after=None, seconds=60)` is the newest message of the bot for which the predicate holds, as soon as there is one;
`await telegram.until(condition, seconds=60)` waits for anything; both raise TimeoutError with what was there.
`telegram.menu(user, chat)` are the commands that Telegram would show this person there; `telegram.actions` the chat
actions; `telegram.description`, `telegram.short_description` by language.

**Strict.** `telegram.faults` lists every refusal and every ping (`Fault(method, status, reason, parameters)`);
`telegram.pardon("not modified")` takes out, and returns, those that a test provoked, and fails when there are none.
`telegram.requests` has every call (`Request(method, parameters, at, status)`), `telegram.calls("sendMessage")` those
of a method. Requests are held against Telegram's published API where that is there (`telegram.schema_checked`;
`TelegramServer(checked=False)` turns it off for measurements), against the limits in limits.py, and against rates
(rates.py says which; `TelegramServer(rates=Rates(...))`, `rates=None` for none). `TelegramServer(clock=...)` takes
seconds since the epoch for dates, rates and the 15 s of a callback query; `lambda: fake_clock.now().timestamp()` will
do.

**Misbehaviour.** `telegram.fail(method, status=500, *, times=1, retry_after=None, body=None)` (429 with retry_after;
`body="<html>"` is no JSON), `telegram.slow(method, seconds, *, times=1)`, `telegram.drop(method, *, times=1,
handled=True)` (the connection ends without an answer, after the call had its effect or before),
`telegram.revoke_token()` (401 from now on), `async with telegram.down():` (connections are refused),
`telegram.repeat(updates=1)` (the next updates come again after they were confirmed), `with telegram.out_of_order():`
(what happens inside arrives in reverse), `telegram.inject(brand_new_kind={...})` (an update nobody knows),
`telegram.unknown_fields = True` (each update carries fields nobody knows). A method "*" means any. None of these is a
fault.

**Webhooks.** After setWebhook updates are posted, retried until 2xx. A public https address is reached through
`telegram.webhook_via = "http://127.0.0.1:8443"`, as through a reverse proxy; loopback addresses may be plain http.

**In a process of its own.** `python -m tests.fakes.telegram --port 0` prints one line `{"port", "token", "base_url",
"base_file_url", "control"}`. `POST /control/NAME` with a JSON object calls what is above with ids in place of objects;
control.py lists the names. `POST /control/together {"steps": [{"do": "presses", ..., "after": 0.25}, ...]}` runs many
at once and returns their results in order. client.py is the other end: `async with started() as control:` begins such
a process, `ada = await control.user(name="Ada")`, `await control.says(user=ada["id"], chat=..., text=...)`.
"""

from __future__ import annotations

from tests.fakes.telegram.chats import Chat
from tests.fakes.telegram.entities import Entity
from tests.fakes.telegram.files import File
from tests.fakes.telegram.messages import Answer, Button, Message, Topic
from tests.fakes.telegram.people import User
from tests.fakes.telegram.rates import Rates
from tests.fakes.telegram.server import TOKEN, Fault, Request, TelegramServer

__all__ = [
    "TOKEN",
    "Answer",
    "Button",
    "Chat",
    "Entity",
    "Fault",
    "File",
    "Message",
    "Rates",
    "Request",
    "TelegramServer",
    "Topic",
    "User",
]
