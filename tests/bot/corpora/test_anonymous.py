from __future__ import annotations

import re
from typing import Final

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from bot.corpora.anonymous import Anonymiser
from bot.corpora.traces import IN_FILES

WORDS: Final = st.text(st.characters(categories=["Ll", "Lu", "Lo", "Zs", "Po"], exclude_characters="@"), max_size=20)
BASE64: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
HEX: Final = "0123456789abcdef"


def anonymous(text: str, *names: str) -> str:
    return Anonymiser(names).anonymous(text)


def digits(least: int, most: int | None = None) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=least, max_size=most or least)


@st.composite
def phones(draw: DrawFn) -> str:
    """Telephone numbers as people write them."""
    between = draw(st.sampled_from([" ", "-", ".", "", "/", "\u00a0", " - "]))
    groups = draw(
        st.one_of(
            st.tuples(digits(1, 3).map("+{}".format), digits(2, 4), digits(3, 4), digits(2, 4)),
            st.tuples(digits(3).map("({})".format), digits(3), digits(4)),
            st.tuples(digits(3), digits(3), digits(4)),
            st.tuples(digits(2, 4).map("0{}".format), digits(2, 4), digits(2, 4), digits(2)),
            st.tuples(digits(2).map("00{}".format), digits(3), digits(3), digits(3)),
        )
    )
    return between.join(groups)


def random(alphabet: str, least: int, most: int) -> st.SearchStrategy[str]:
    return st.text(alphabet, min_size=least, max_size=most)


KEYS: Final = st.one_of(
    random(BASE64, 36, 40).map("ghp_{}".format),
    random(BASE64 + "_", 82, 82).map("github_pat_{}".format),
    random(BASE64, 24, 48).map("sk-{}".format),
    random(BASE64, 24, 24).map("sk_live_{}".format),
    random(BASE64 + "-", 24, 40).map("xoxb-{}".format),
    random(BASE64[:26] + "234567", 16, 16).map("AKIA{}".format),
    random(BASE64 + "_-", 35, 35).map("AIza{}".format),
    random(BASE64, 34, 34).map("hf_{}".format),
    st.tuples(digits(8, 10), random(BASE64 + "_-", 35, 35)).map(":".join),
    st.tuples(random(BASE64, 20, 30).map("eyJ{}".format), random(BASE64, 20, 60), random(BASE64, 43, 43)).map(".".join),
    random(HEX, 32, 64).filter(lambda key: re.search("[a-f]", key) is not None),
    random(BASE64, 20, 60).filter(lambda key: re.search(r"\d", key) and re.search("[a-zA-Z]", key)),
    random(BASE64, 6, 20).map("password: {}".format),
    random(BASE64 + "!$%&", 6, 20).map("api_key={}".format),
)
IDS: Final = st.one_of(
    st.integers(10**16, 10**19 - 1).map(str),
    st.integers(10**6, 10**10).map(str),
    st.integers(10**16, 10**19 - 1).map("<@{}>".format),
    st.integers(10**16, 10**19 - 1).map("<@!{}>".format),
    st.integers(10**16, 10**19 - 1).map("<#{}>".format),
    st.integers(10**16, 10**19 - 1).map("<a:wave:{}>".format),
    st.integers(10**9, 10**12).map("-100{}".format),
    st.uuids().map(str),
    st.ip_addresses(v=4).map(str),
)


@given(WORDS, st.emails(), WORDS)
@example("", "0@a.com", "")
@example("", "{@a.com", "")
@example("a.com", "a@b.de", "")
def test_no_address_survives(before: str, email: str, after: str) -> None:
    """No e-mail address of a message is left, whatever stands around it."""
    text = anonymous(f"{before} {email} {after}")

    assert email.casefold() not in text.casefold()
    assert "@" not in text
    assert email.partition("@")[2] not in text.split()


@given(WORDS, phones(), WORDS)
def test_no_telephone_number_survives(before: str, phone: str, after: str) -> None:
    """No telephone number is left, nor so many of its digits that it could be guessed."""
    text = anonymous(f"{before} {phone} {after}")

    assert len(re.findall(r"\d", text)) < 5


@given(WORDS, IDS, WORDS)
def test_no_id_survives(before: str, number: str, after: str) -> None:
    """No id of a person, a message, a channel, a chat or a machine is left."""
    text = anonymous(f"{before} {number} {after}")

    assert number not in text
    assert re.search(r"\d{5}", text) is None


@given(WORDS, KEYS, WORDS)
def test_no_secret_survives(before: str, key: str, after: str) -> None:
    """No token, key or password is left, nor a part of one that is longer than a word."""
    secret = re.split(r"[: =]", key)[-1]
    assume(all(secret[at : at + 6] not in f"{before} {after}" for at in range(max(len(secret) - 6, 1))))

    text = anonymous(f"{before} {key} {after}")

    assert all(secret[at : at + 6] not in text for at in range(max(len(secret) - 6, 1)))


@given(
    WORDS,
    st.from_regex(
        r"(https?|ftp|matrix)://[a-z]{1,9}\.[a-z]{2,5}(/[\w.,()-]{1,9}){0,3}(\?a=[\w]{1,9})?", fullmatch=True
    ),
    WORDS,
)
def test_no_link_survives(before: str, link: str, after: str) -> None:
    """No link is left, nor its host or path."""
    text = anonymous(f"{before} {link} {after}")

    assert "://" not in text
    assert link.split("/")[2] not in text


@given(WORDS, st.from_regex(r"[A-Za-z][a-z0-9]{3,9}", fullmatch=True), WORDS)
def test_no_name_survives(before: str, name: str, after: str) -> None:
    """No name that is known is left, however it is written and whoever's something is."""
    assume(name.casefold() not in Anonymiser().anonymous(f"{before} {after}").casefold())
    assume(name.casefold() not in "[name] [link] [email] [number] [secret]")
    assume(Anonymiser([name])._words)

    text = anonymous(f"{before} {name.upper()} {after}, {name}: @{name} {name}'s", name)

    assert name.casefold() not in text.casefold()


@given(st.text())
def test_nothing_else_is_searched_for_long(text: str) -> None:
    """Whatever a message says, it can be read, and its stand-ins stay when it is read again."""
    once = anonymous(text, "Ada")

    assert re.sub(r"\W", "", anonymous(once, "Ada")).count("name") >= once.count("[name]")


@pytest.mark.parametrize(
    "text",
    [
        "a" * 40_000,
        "a." * 20_000,
        "1 " * 20_000,
        "@" * 40_000,
        "😂" * 4_000,
        "(" * 40_000,
        "a@" * 20_000,
        "-" * 40_000,
        "a:" * 20_000,
        "password " * 4_000,
        "[at] " * 8_000,
        "-----BEGIN " * 4_000,
        "<:a" * 13_000,
        "a-" * 20_000,
        "www." * 10_000,
        ".,;" * 13_000,
        "http://" + "." * 40_000,
    ],
    ids=lambda text: text[:8],
)
@pytest.mark.timeout(20)
def test_long_messages(text: str) -> None:
    """A long message of the same signs is read in a moment."""
    assert anonymous(text, "Ada") is not None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mail me: ada@example.com, ok?", "mail me: [email], ok?"),
        ("ada (at) example (dot) com", "[email]"),
        ("ada at example dot com", "[email]"),
        ("meet me at home. Then go", "meet me at home. Then go"),
        ("call +49 30 123456-78 or (555) 123-4567", "call [number] or [number]"),
        ("<@123456789012345678> in <#12345678901234567>", "[name] in [name]"),
        ("nice <:pepe:123456789012345678>", "nice :pepe:"),
        ("see (https://example.com/a?b=c), or www.example.org.", "see ([link]), or [link]."),
        ("join discord.gg/abc or t.me/abc", "join [link] or [link]"),
        ("@ada and ada#1234 and @everyone", "[name] and [name] and [name]"),
        ("my password is hunter2", "my password is [secret]"),
        ("the password is wrong", "the password is wrong"),
        ("token: password: hunter2", "token: password: [secret]"),
        ("Authorization: Bearer abcdefgh.ijkl", "Authorization: [secret]"),
        ("пароль: тайна", "пароль: [secret]"),
        ("-----BEGIN KEY-----\nabc\n-----END KEY-----\nhi", "[secret]\nhi"),
        ("DE89 3704 0044 0532 0130 00 is it", "[number] is it"),
        ("fe80::1ff:fe23:4567:890a or 00:1b:44:11:3a:b7", "[number] or [number]"),
        ("it was 2012-10-11 12:13, or 10/11/2012", "it was 2012-10-11 12:13, or 10/11/2012"),
        ("12.04 LTS has 1,234,567 users at 10:30:45", "12.04 LTS has 1,234,567 users at 10:30:45"),
        ("/usr/lib/x86_64-linux-gnu/libGL.so.1", "/usr/lib/x86_64-linux-gnu/libGL.so.1"),
        ("hahahahahahahahahahahahaha", "hahahahahahahahahahahahaha"),
        ("１２３４５６７８９ and 123\u200b456\u200b789", "[number] and [number]"),
    ],
)
def test_what_becomes_of_messages(text: str, expected: str) -> None:
    """What leads to a person is replaced by what it was, and the rest stays as it is."""
    assert anonymous(text) == expected


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("Ada Lovelace", "ask ada, or LOVELACE's cat", "ask [name], or [name] cat"),
        ("komi_", "komi: hi komi_", "[name]: hi [name]"),
        ("The Dude", "the dude abides", "the [name] abides"),
        ("小明", "我觉得小明很好", "我觉得[name]很好"),
        ("Link", "link is at https://a.com", "[name] is at [link]"),
        ("Al", "al dente", "al dente"),
        ("Ben", "benign", "benign"),
        ("12345", "it is 12345", "it is 12345"),
    ],
)
def test_names(name: str, text: str, expected: str) -> None:
    """Each word of a name is one, but words that everybody uses, and parts of other words."""
    assert anonymous(text, name) == expected


def test_counts_by_kind() -> None:
    """What was replaced is counted by kind, over all messages."""
    anonymiser = Anonymiser(["Ada"])

    anonymiser.anonymous("ada: write to a@b.com or c@d.com")
    anonymiser.anonymous("https://a.com +49 30 12345678 @bob 123456789012345678 password: hunter2")

    assert dict(anonymiser.replaced) == {
        "names": 1,
        "emails": 2,
        "links": 1,
        "phones": 1,
        "mentions": 1,
        "ids": 1,
        "secrets": 1,
    }


def test_files() -> None:
    """Of a file only addresses, numbers and secrets are replaced: who is in a book may stay there."""
    text = Anonymiser(kinds=IN_FILES).anonymous("@ada see www.example.com or write to ada@example.com")

    assert text == "@ada see www.example.com or write to [email]"
