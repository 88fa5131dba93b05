"""What a person is given of what is kept of them."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Row

from bot.app import Bot
from bot.consent import mydata, wording
from bot.conversation import MayNotWrite, Message, Person, Place
from storage import posts
from storage.posts import Post
from storage.vault import Vault
from tests.bot.conftest import BEN, LOBBY, Say
from tests.bot.consent.conftest import AGREE, CLEO, Press, Write, trained
from tests.fakes.platform import FakePlatform


class TestMyData:
    """/mydata."""

    async def test_a_file(self, bot: Bot, say: Say, press: Press, write: Write) -> None:
        """Everything of a person, and nothing of anybody else, privately as JSON."""
        (asked,) = await say("/log on")
        for person in (BEN, CLEO):
            await press(asked, AGREE, person)
            await write(f"{person.name} says", person)
        await trained(bot, "ours", BEN, CLEO)

        (told,) = await say("/mydata", BEN)

        (file,) = told.message.attachments
        data = json.loads(file.data)
        assert told.private_for == BEN
        assert (file.name, data["person"]) == ("mydata.json", BEN.key)
        assert [text["text"] for text in data["texts"]] == ["Ben says"]
        assert data["names"] == {LOBBY.key: ["Ben"]}
        assert [(consent["place"], consent["withdrawn"]) for consent in data["consents"]] == [(LOBBY.key, None)]
        assert "What is kept" in data["consents"][0]["told"]
        assert [model["model"] for model in data["models"]] == ["ours@1"]
        assert "Cleo" not in file.data.decode()

    async def test_much_of_one_person(self, bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
        """What somebody gave in years is read some of it at a time, and opened beside everything else that goes on."""
        monkeypatch.setattr(posts.sealed_of, "__defaults__", (0, 10))
        opened: list[tuple[int, bool]] = []

        def opening(vault: Vault, rows: Sequence[Row[Any]]) -> list[dict[str, Any]]:
            opened.append((len(rows), threading.current_thread() is threading.main_thread()))
            return open_all(vault, rows)

        open_all = mydata._opened
        monkeypatch.setattr(mydata, "_opened", opening)
        at = bot.clock.now()
        given = [
            Post(LOBBY.key, None, "channel_log", BEN.key, f"{number}", at - timedelta(minutes=number), f"text {number}")
            for number in range(25)
        ]
        await bot.database.write(partial(posts.add, vault=bot.vault, given=given))

        data = await mydata.collected(bot.database, bot.vault, BEN.key)

        assert [text["text"] for text in data["texts"]] == [f"text {number}" for number in reversed(range(25))]
        assert opened == [(10, False), (10, False), (5, False)]

    async def test_where_everybody_reads(self, bot: Bot, say: Say) -> None:
        """Where nobody can be told something alone, the file goes to the private chat."""
        bot.register(group := _Group())

        await say("/mydata", Person("telegram", "7", "Ada"), Place("telegram", "-100"))

        sent, told = group.said
        assert (sent.place.id, len(sent.message.attachments)) == ("7", 1)
        assert (told.place.id, told.message.attachments) == ("-100", ())

    @pytest.mark.parametrize(
        ("line", "shown"),
        [("/privacy", "in other places"), ("/forgetme", "One text of yours is kept to be learnt from.")],
    )
    async def test_other_places(self, bot: Bot, say: Say, line: str, shown: str) -> None:
        """Where everybody reads the answer, it tells nothing of what is kept in other places."""
        ada, elsewhere = Person("telegram", "7", "Ada"), Place("telegram", "-200")
        bot.register(group := _Group())
        await bot.consents.agree(ada, elsewhere, bot.consents.wording(wording.TEACH))
        await bot.consents.teach(ada, elsewhere, "Once")

        for place in (Place("telegram", "-100"), Place("telegram", "7")):
            await say(line, ada, place)

        assert [shown in told.text for told in group.said] == [False, True]

    async def test_no_private_chat(self, bot: Bot, say: Say) -> None:
        """Where there is no private chat yet, the person is told to open one, and nothing is shown to anybody."""
        bot.register(group := _Group(closed="7"))

        await say("/mydata", Person("telegram", "7", "Ada"), Place("telegram", "-100"))

        (told,) = group.said
        assert "open a private chat with me and ask /mydata there" in told.text
        assert told.message.attachments == ()

    def test_much(self) -> None:
        """What is too large for a message is packed."""
        file = mydata.file_of({"texts": ["x" * 9_000_000]})

        assert file.name == "mydata.json.gz"
        assert json.loads(gzip.decompress(file.data)) == {"texts": ["x" * 9_000_000]}


class _Group(FakePlatform):
    """A platform on which all in a group read everything; `closed` names a chat in which the bot may not write."""

    def __init__(self, closed: str = "") -> None:
        super().__init__("telegram")
        self.closed = closed

    def alone_with(self, person: Person) -> Place:
        return Place("telegram", person.id)

    async def post(
        self, place: Place, message: Message, *, private_for: Person | None = None, reply_to: str | None = None
    ) -> str:
        if place.id == self.closed:
            raise MayNotWrite
        return await super().post(place, message, private_for=private_for, reply_to=reply_to)
