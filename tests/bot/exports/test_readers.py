"""What is read of exports."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import ijson  # type: ignore[import-untyped]  # it has no types
import pytest

from bot.exports import Chat, Exported, opened
from bot.exports.times import moment
from tests.bot.exports.writing import CHANNEL, SAMPLES, account, chat, discord, said, wrote


def read(path: Path) -> list[Exported]:
    """The messages of all chats of an export that can be read."""
    with opened(path) as (_, reader):
        return [message for message in reader.messages() if message is not None]


def sample(name: str) -> Path:
    """A real export, beside the checkout."""
    path = SAMPLES / name
    if not path.is_file():
        pytest.skip(f"there is no {name} in the folder shared/samples beside the checkout")
    return path


@pytest.mark.parametrize(
    ("name", "messages", "texts"),
    [
        ("discord/mlomb_DM_2A_2M.json", 3, 1),
        ("discord/mlomb_GC_3A_5M.json", 6, 3),
        ("telegram/teledashboard_sample.json", 256, 221),
        ("telegram/chatminer_test_single_export.json", 2, 2),
        ("telegram/chatminer_test_batch_export.json", 2, 2),
    ],
)
def test_real_exports(name: str, messages: int, texts: int) -> None:
    """Exports of the real programs are read, down to who wrote what."""
    path = sample(name)

    found = read(path)

    assert len(found) == messages
    assert sum(bool(one.text) and not one.is_bot and not one.is_service for one in found) == texts
    assert len({one.message for one in found}) == messages


def test_discord_json(tmp_path: Path) -> None:
    """Replies, edits, bots, forwards and service messages of a channel are known, and emoji lose their ids."""
    messages = [
        said(1, "look <:blob:123> at <a:wave:9>"),
        said(2, type="Reply", reference={"messageId": "1001"}, timestampEdited="2024-05-01T14:00:00+02:00"),
        said(3, author={"id": "9", "name": "bot", "isBot": True}),
        said(4, type="GuildMemberJoin"),
        said(5, "", forwardedMessage={"content": "what another said"}),
        said(6, type="20"),
    ]

    found = read(discord(tmp_path / "export.json", messages))

    assert [one.text for one in found[:2]] == ["look :blob: at :wave:", "hello"]
    assert (found[0].person, found[0].name, found[0].message) == ("1", "Nick 1", "1001")
    assert (found[1].reply_to, found[1].edited) == ("1001", datetime(2024, 5, 1, 12, tzinfo=UTC))
    assert [one.is_bot for one in found] == [False, False, True, False, False, False]
    assert [one.is_service for one in found] == [False, False, False, True, False, True]
    assert [one.is_forwarded for one in found] == [False, False, False, False, True, False]


def test_thread(tmp_path: Path) -> None:
    """The export of a thread belongs to the channel that the thread hangs under."""
    channel = {"id": "8", "type": "GuildPublicThread", "categoryId": CHANNEL, "name": "a thread"}
    path = discord(tmp_path / "export.json", [], channel=channel)

    with opened(path) as (_, reader):
        (found,) = reader.chats()

    assert (found.id, found.guild) == (CHANNEL, "77")
    assert found.has("8")
    assert found.has(CHANNEL)


def test_telegram_entities(tmp_path: Path) -> None:
    """Formatted text comes out flat, whatever its pieces are."""
    kinds = ("bold", "text_link", "mention", "spoiler", "custom_emoji", "blockquote", "one of tomorrow")
    pieces = ["plain ", *({"type": kind, "text": f"{kind} ", "href": "https://example.org"} for kind in kinds)]
    path = tmp_path / "result.json"
    path.write_text(json.dumps(chat([wrote(1, pieces)])), "utf-8")

    (found,) = read(path)

    assert found.text == "plain bold text_link mention spoiler custom_emoji blockquote one of tomorrow "


def test_telegram_senders(tmp_path: Path) -> None:
    """People are called as a bot knows them; channels, and what came by way of bots, are nobody's."""
    messages = [
        wrote(1, person="user77"),
        wrote(2, from_id=78),
        wrote(3, person="channel9"),
        wrote(4, via_bot="@gif"),
        wrote(5, forwarded_from="Somebody"),
        wrote(6, reply_to_message_id=5),
        wrote(7, reply_to_message_id=5, reply_to_peer_id="channel9"),
        wrote(8, "", type="service", action="pin_message"),
    ]
    path = tmp_path / "result.json"
    path.write_text(json.dumps(chat(messages)), "utf-8")

    found = read(path)

    assert [one.person for one in found[:3]] == ["77", "78", ""]
    assert [one.is_bot for one in found[2:5]] == [False, True, False]
    assert found[4].is_forwarded
    assert [one.reply_to for one in found[5:7]] == ["5", None]
    assert found[7].is_service


@pytest.mark.parametrize("size", [17, 65_536])
@pytest.mark.parametrize("indent", [None, 1])
def test_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, indent: int | None) -> None:
    """Of a whole account only the chat that is asked for is read, wherever the bytes are cut and whatever they say."""
    chats = [
        chat([wrote(1, "one"), wrote(2, 'he said "messages": [ {')], 41),
        chat([], 42, "public_supergroup"),
        chat([wrote(1, "three"), wrote(2, "messages"), wrote(3, ["messages"])], 44, "private_group"),
        {"type": "saved_messages", "id": 45, "messages": [wrote(9, "mine")]},
        chat([wrote(5, "four")], 46, "personal_chat"),
    ]
    path = account(tmp_path / "result.json", chats, indent)
    items = ijson.items
    monkeypatch.setattr(ijson, "items", lambda *where, **how: items(*where, buf_size=size, **how))

    with opened(path) as (_, reader):
        found = reader.chats()
        texts = [[one.text for one in reader.messages(chat) if one is not None] for chat in found]

    assert [one.id for one in found] == ["-10041", "-10042", "-44", "45", "46", "-10043"]
    assert texts == [
        ["one", 'he said "messages": [ {'],
        [],
        ["three", "messages", "messages"],
        ["mine"],
        ["four"],
        [],
    ]


def test_csv(tmp_path: Path) -> None:
    """A channel's CSV is read with today's commas and with the semicolons and local times of 2019."""
    new = tmp_path / "new.csv"
    new.write_text(
        "\ufeffAuthorID,Author,Date,Content,Attachments,Reactions\n"
        '"1","ada","2024-05-01T12:00:00.1230000+02:00","two\nlines, ""quoted""","",""\n'
        '"1","ada","2024-05-01T12:00:00.1230000+02:00","again","",""\n'
        '"1","ada","2024-05-01T12:00:00.1230000+02:00","again","",""\n',
        "utf-8",
    )
    old = tmp_path / "old.csv"
    old.write_text('Author;Date;Content;Attachments;\n"ada#1234";"05-Dec-19 12:17 AM";"hello";"";\n', "utf-8")

    found, (early,) = read(new), read(old)

    assert [one.text for one in found] == ['two\nlines, "quoted"', "again", "again"]
    assert found[0].at == datetime(2024, 5, 1, 10, 0, 0, 123000, tzinfo=UTC)
    assert len({one.message for one in found}) == 3
    assert [one.message for one in found] == [one.message for one in read(new)]
    assert (early.text, early.person) == ("hello", "")
    assert early.at == datetime(2019, 12, 4, 10, 17, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2024-05-01T12:00:00+02:00", datetime(2024, 5, 1, 10, tzinfo=UTC)),
        ("2024-05-01T12:00:00", datetime(2024, 4, 30, 22, tzinfo=UTC)),
        ("31-Jan-20 01:05 PM", datetime(2020, 1, 30, 23, 5, tzinfo=UTC)),
    ],
)
def test_times(text: str, at: datetime) -> None:
    """A time without a zone is the earliest moment that it can mean, so that a consent is never too early for it."""
    assert moment(text) == at


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00", "9999-12-31T23:00:00-05:00"])
def test_no_time(text: str) -> None:
    """A time of no year that there is in UTC is none."""
    with pytest.raises(ValueError, match=text):
        moment(text)


def test_gzip(tmp_path: Path) -> None:
    """A packed export reads as what is packed in it."""
    plain = discord(tmp_path / "export.json", [said(number) for number in range(3)])
    packed = tmp_path / "export.json.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))

    with opened(packed) as (_, reader):
        assert reader.chats() == [Chat(CHANNEL, "general", "77", frozenset({CHANNEL}))]
    assert read(packed) == read(plain)


def test_odd_values(tmp_path: Path) -> None:
    """Names and ids that are no texts are read as such, as they are stored as texts."""
    odd = said(1, author={"id": "1", "name": "ada", "nickname": ["ada"], "isBot": False}, reference={"messageId": 5})
    path = tmp_path / "result.json"
    path.write_text(json.dumps(chat([wrote(1) | {"from": 7}])), "utf-8")

    ((one,), (two,)) = read(discord(tmp_path / "export.json", [odd])), read(path)

    assert (one.name, one.reply_to) == ("['ada']", "5")
    assert two.name == "7"


def test_nested_head(tmp_path: Path) -> None:
    """A chat ahead of whose messages something is nested deeper than any exporter does is none, and no fault."""
    whole = {"chats": {"list": [{"odd": "@"} | chat([wrote(1)])]}}
    path = tmp_path / "result.json"
    path.write_text(json.dumps(whole).replace('"@"', "[" * 2000 + "]" * 2000), "utf-8")

    with opened(path) as (_, reader):
        assert reader.chats() == []


def test_unreadable_message(tmp_path: Path) -> None:
    """A message that cannot be read is passed over; its neighbours are read."""
    path = discord(tmp_path / "export.json", [said(1), {"id": "7"}, said(2, text=5), said(3, timestamp="?"), said(4)])

    with opened(path) as (_, reader):
        found = list(reader.messages())

    assert [None if one is None else one.message for one in found] == ["1001", None, None, None, "1004"]
