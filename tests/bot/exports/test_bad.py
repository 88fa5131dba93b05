"""Files that are no export, or not a whole one."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest

from bot.exports import opened
from bot.exports import source as limits
from generators.errors import UserError
from tests.bot.exports.writing import chat, discord, said, wrote

HEADER = b"AuthorID,Author,Date,Content,Attachments,Reactions\n"
ROW = b'"1","ada","2024-05-01T12:00:00+00:00","hello","",""\n'
EXPORT = json.dumps(chat([wrote(1), wrote(2, "größer")]), ensure_ascii=False).encode()

BAD = {
    "empty": (b"", "is empty; export the chat again."),
    "blank": (b" \n\n", "is empty; export the chat again."),
    "a mark of UTF-8 alone": (b"\xef\xbb\xbf \n", "is empty; export the chat again."),
    "binary": (os.urandom(64) + bytes(64), "it is a binary file"),
    "zip": (b"PK\x03\x04" + bytes(50), "it is a ZIP archive, so unpack it"),
    "html of discord": (b"<!DOCTYPE html><html><!-- DiscordChatExporter -->", "with the format JSON (--format Json)."),
    "html of telegram": (b"<!DOCTYPE html>\n<title>Exported Data</title>", "with the format «Machine-readable JSON»."),
    "html": (b"\xef\xbb\xbf <html></html>", "export the chat again as JSON: DiscordChatExporter with --format Json"),
    "utf-16": (EXPORT.decode().encode("utf-16"), "is not UTF-8, so nothing of it was taken"),
    "latin-1": (EXPORT.decode().encode("latin-1"), "is not UTF-8, so nothing of it was taken"),
    "truncated": (EXPORT[:-20], "ends in the middle, so nothing of it was taken; copy or export it again."),
    "truncated in the head": (EXPORT[:20], "ends in the middle, so nothing of it was taken"),
    "overwritten": (EXPORT[:60] + b"]]}}" + EXPORT[60:], "is damaged, so nothing of it was taken: it is no JSON"),
    "two in one": (EXPORT + EXPORT, "is damaged, so nothing of it was taken: it is no JSON"),
    "other json": (b'{"type": "FeatureCollection", "features": []}', "it has type, features and no messages"),
    "list": (b'[{"id": 1}]', "it is a list without a chat around it"),
    "future": (b'{"version": 9, "messages": [{"body": "hello"}]}', "otherwise than those of any version known here"),
    "whatsapp": (b"01/01/19, 11:25 - John Doe: Lorem", "it begins with «01/01/19, 11:25 - John Doe: Lorem»"),
    "csv, cut in a cell": (HEADER + ROW + ROW[:40], "ends in the middle, so nothing of it was taken"),
    "csv, cut in a row": (HEADER + ROW + ROW[:37] + b'"x"', "ends in the middle, so nothing of it was taken"),
    "csv, another row": (HEADER + b'"1","2"\n' + ROW, "line 2 has 2 columns instead of 6"),
    "csv in latin-1": (HEADER + ROW.replace(b"hello", b"gr\xf6\xdfer"), "is not UTF-8"),
    "gzip, truncated": (gzip.compress(EXPORT)[:-12], "ends in the middle, so nothing of it was taken"),
    "gzip, damaged": (gzip.compress(EXPORT)[:-8] + bytes(8), "is damaged, so nothing of it was taken"),
    "gzip of html": (gzip.compress(b"<html>chatlog</html>"), "with the format JSON (--format Json)."),
}


def refused(path: Path) -> str:
    """The sentence about a file that cannot be read."""
    with pytest.raises(UserError) as told, opened(path) as (_, reader):
        reader.chats()
    return told.value.sentence()


@pytest.mark.parametrize("kind", BAD)
def test_bad_files(tmp_path: Path, kind: str) -> None:
    """A file that is no whole export is refused in one sentence, which names it and says what to do."""
    raw, sentence = BAD[kind]
    path = tmp_path / "export"
    path.write_bytes(raw)

    told = refused(path)

    assert told.startswith(str(path))
    assert sentence in told
    assert told.endswith(".")
    assert "\n" not in told


def test_folder(tmp_path: Path) -> None:
    """A folder is refused, and what is an export in it is named."""
    assert refused(tmp_path) == f"{tmp_path} is a folder; give an export's file."

    (tmp_path / "result.json").write_bytes(EXPORT)

    assert refused(tmp_path) == f"{tmp_path} is a folder; give the file result.json in it."


def test_pipe(tmp_path: Path) -> None:
    """A pipe is refused without waiting for what comes through it."""
    os.mkfifo(tmp_path / "pipe")

    assert "it is no file that can be read twice" in refused(tmp_path / "pipe")


def test_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small file that unpacks to a huge one is given up on early."""
    monkeypatch.setattr(limits, "HARMLESS", 1_000_000)
    path = tmp_path / "export.json.gz"
    path.write_bytes(gzip.compress(EXPORT[:-2] + b"\n" * 5_000_000 + b"]}"))

    assert "unpacks to more than 100 times its size" in refused(path)


def test_endless_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A text that does not end is given up on before it fills the memory."""
    monkeypatch.setattr(limits, "LONGEST", 1_000_000)
    path = discord(tmp_path / "export.json", [said(1, "a" * 2_000_000)])

    assert "it has a text of more than 1 MB" in refused(path)


def test_emoji(tmp_path: Path) -> None:
    """A message of 4,000 emoji is a message like any other."""
    path = discord(tmp_path / "export.json", [said(1, "👩‍👩‍👧‍👦" * 4000)])

    with opened(path) as (_, reader):
        reader.chats()
        (found,) = reader.messages()

    assert found is not None
    assert found.text == "👩‍👩‍👧‍👦" * 4000


def nested(levels: int, *, around: bool = False) -> bytes:
    """An export with brackets in brackets, in its messages or ahead of them."""
    deep = b"[" * levels + b"]" * levels
    head = b'{"x":' + deep + b"," if around else b"{"
    head += b'"guild":{"id":"77"},"channel":{"id":"5"},"messages":['
    return head + (b"" if around else deep) + b"]}"


@pytest.mark.parametrize(
    "raw",
    [
        nested(200_000),
        nested(200_000, around=True),
        nested(9_000),
        b'{"messages":[' + b"[" * 200_000,
        b'{"guild":{"id":"77"},"channel":{"id":"5"},"messages":[' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"]}",
        b'{"about":"","chats":{"list":[{"x":' + b"[" * 50_000 + b"]" * 50_000 + b',"messages":[]}]}}',
    ],
    ids=["messages", "head", "in one piece", "first", "objects", "account"],
)
def test_deep(tmp_path: Path, raw: bytes) -> None:
    """What is nested without an end is given up on before it fills the memory."""
    path = tmp_path / "export.json"
    path.write_bytes(raw)

    assert "is damaged, so nothing of it was taken: it is nested more than 500 levels deep" in refused(path)


def test_brackets_in_texts(tmp_path: Path) -> None:
    """Brackets that people write open nothing."""
    texts = ["[" * 4000, '"{"' * 1000, "\\[" * 2000, "hello"]
    path = discord(tmp_path / "export.json", [said(number, text) for number, text in enumerate(texts * 20)])

    with opened(path) as (_, reader):
        reader.chats()
        found = [message.text for message in reader.messages() if message is not None]

    assert found == texts * 20


@pytest.mark.parametrize("filler", range(12))
def test_half_characters(tmp_path: Path, filler: int) -> None:
    """Half a surrogate pair reads U+FFFD wherever it stands, and nothing else changes."""
    texts = {
        "a" * filler + "\ud800 hi \udc00": "a" * filler + "\ufffd hi \ufffd",
        "\ud83d\ud83d\ude42\ude42": "\ufffd🙂\ufffd",
        "\\ud800 \\\ud800": "\\ud800 \\\ufffd",
        "größer 🙂 \\": "größer 🙂 \\",
    }
    many = [*texts] * 300
    path = discord(tmp_path / "export.json", [said(number, text) for number, text in enumerate(many)])

    with opened(path) as (_, reader):
        reader.chats()
        found = [message.text for message in reader.messages() if message is not None]

    assert found == [texts[text] for text in many]


def test_half_characters_in_an_account(tmp_path: Path) -> None:
    """So it does in an account, whose chats keep their messages."""
    chats = [chat([wrote(1, f"\udc00 {id_}"), wrote(2, "🙂")], id_) for id_ in (42, 43)]
    path = tmp_path / "result.json"
    path.write_text(json.dumps({"about": "", "chats": {"about": "", "list": chats}}), "utf-8")

    with opened(path) as (_, reader):
        found = {each.id: [said.text for said in reader.messages(each) if said] for each in reader.chats()}

    assert found == {"-10042": ["\ufffd 42", "🙂"], "-10043": ["\ufffd 43", "🙂"]}
