"""What in a message leads to a person: addresses, numbers, mentions and secrets, each as a pattern with its stand-in.

The patterns would rather take a harmless number than leave a telephone's. They are tried in the order of `TRACES`, so
that a link is gone before anybody looks for the address in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from re import Match, Pattern
from typing import Final, NamedTuple

SECRET: Final = "[secret]"
LINK: Final = "[link]"
EMAIL: Final = "[email]"
MENTION: Final = "[name]"
NUMBER: Final = "[number]"
STAND_INS: Final = re.compile(r"\[(?:secret|link|email|name|number)\]")

LONG: Final = 20  # characters; from here on what has letters and digits is a key, and nothing that is said
CHANGES: Final = 0.35  # of class from one character to the next; keys have 0.5 to 0.6, words and paths below 0.3
DIGITS: Final = 7  # the shortest telephone numbers, and shorter than any platform's ids

_TLD = (
    r"(?:com|org|net|edu|gov|mil|info|biz|io|gg|tv|co|ai|app|dev|xyz|de|ch|uk|fr|es|nl|pl|ru|ua|cn|tw|jp|kr|br|au|eu"
    r"|se|fi|dk|cz|onion|online|site|store|shop|blog|cloud|club|wiki|moe|cc|ly|рф)"
)
_LAST = r"[^\s.,;:!?)\]}>'\"»”]"  # what ends a link: no mark that belongs to the sentence around it
_SCHEMES = ("mailto:", "tel:", "sms:", "sip:", "xmpp:", "magnet:", "skype:", "geo:", "data:", "tg:")
_ATOM = r"[^\s@＠<>()\[\],;:\"\\]"  # of an address, wider than any provider's
_BETWEEN = r"[ \t\u00a0\u2009\u202f()./_‐‑–−·-]{0,3}"  # of two digits of a number

_PASSWORD = (
    r"pass(?:word|wd|phrase|code|wort)?|passwort|kennwort|pwd|pw|secret|token|api[ _-]?key|access[ _-]?key"
    r"|private[ _-]?key|credentials?|auth|pin|otp|2fa"
)
_NAMED = ("пароль", "токен", "密码", "密碼", "口令", "contraseña")
_PREFIXES = (
    r"(?:gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|xapp-|[spr]k[-_](?:live|test|proj|ant)?[-_]?|hf_|npm_|pypi-"
    r"|A[KS]IA|AIza|ya29\.|SG\.|shp(?:at|ss)_|dop_v1_|eyJ|EAA|-?MF[AK][A-Z]?\.)"
)


class Trace(NamedTuple):
    """Something that leads to a person.

    Attributes:
        kind: as it is counted.
        hints: one of these is in every text that has it, in small letters, and 0 for any digit; all where there is
            none. They spare most searches, and half of the time.
        pattern: that finds it.
        stand_in: what stands in its place: a text, or what makes one of the find; the find itself where it is harmless.
    """

    kind: str
    hints: tuple[str, ...]
    pattern: Pattern[str]
    stand_in: str | Callable[[Match[str]], str]


_MIXED = re.compile(rf"(?<![\w-])(?=[\w-]{{{LONG}}})(?=[\w-]*\d)(?=[\w-]*[A-Za-z])")


def _key(found: Match[str]) -> str:
    """Whether a long word is one that nobody says: letters and digits mixed, or large and small letters."""
    word = found[0]
    letters = [character for character in word if character.isalnum()]
    if _MIXED.search(word):
        return SECRET
    classes = ["0" if each.isdigit() else "A" if each.isupper() else "a" for each in letters]
    changes = sum(one != other for one, other in pairwise(classes))
    return SECRET if len(letters) >= LONG and changes >= CHANGES * len(letters) else word


_DATE = re.compile(
    r"(?:19|20)\d\d[-./](?:0?[1-9]|1[0-2])[-./](?:0?[1-9]|[12]\d|3[01])(?:[ T]+[0-2]?\d)?"
    r"|(?:0?[1-9]|[12]\d|3[01])[-./](?:0?[1-9]|[12]\d|3[01])[-./](?:(?:19|20)\d\d)(?:[ T]+[0-2]?\d)?"
)


def _number(found: Match[str]) -> str:
    """A number of a telephone, a card or an account; a date is none."""
    return found[0] if _DATE.fullmatch(found[0]) else NUMBER


def _value(found: Match[str]) -> str:
    """What follows «password:» goes; after «is» only what looks like one: the password is often wrong or forgotten."""
    plain = found["sign"].isalpha() and found["value"].isalpha() and found["value"][1:].islower()
    return found[0] if plain or found["value"].startswith("[") else f"{found['named']}{SECRET}"


TRACES: Final = (
    Trace(
        "secrets",
        ("-----begin",),
        re.compile(r"-----BEGIN [^-\n]+-----.*?(?:-----END [^-\n]+-----|\Z)", re.DOTALL),
        SECRET,
    ),
    Trace("mentions", ("<",), re.compile(r"<(?:@[!&]?|#)\d+>|</[\w -]{1,100}:\d+>|<id:\w+>"), MENTION),
    Trace("ids", ("<",), re.compile(r"<a?(:\w+:)\d+>"), r"\1"),  # an emoji of a server: its name stays
    Trace("ids", ("<",), re.compile(r"<t:-?\d+(?::\w)?>"), NUMBER),
    Trace(
        "links",
        ("://", "www.", *_SCHEMES),
        re.compile(
            rf"(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{{1,20}}://(?:\S*{_LAST})?|(?<!\w)www\.\S*{_LAST}"
            rf"|\b(?:{'|'.join(_SCHEMES)})\S*{_LAST}",
            re.IGNORECASE,
        ),
        LINK,
    ),
    Trace(
        "emails",
        ("@", "＠"),
        re.compile(rf"(?:[@＠])?(?:\"[^\"\n]{{1,64}}\"|(?<!{_ATOM}){_ATOM}+)[@＠](?:\[[^\]\s]+\]|{_ATOM}*[\w-])"),
        EMAIL,
    ),
    Trace(
        "emails",
        (" dot ", " punkt ", *"[({<"),
        re.compile(
            r"(?<![\w.+-])[\w.+-]{1,64}(?:\s?[\[({<]\s?(?:at|ät)\s?[\])}>]\s?|\sat\s)[\w-]{1,63}"
            r"(?:(?:\s?[\[({<]\s?(?:dot|punkt)\s?[\])}>]\s?|\sdot\s|\.)[\w-]{2,63}){1,4}(?<=\D)",
            re.IGNORECASE,
        ),
        lambda found: EMAIL if re.search(r"dot|punkt|[\[({<]\s?(?:at|ät)", found[0], re.IGNORECASE) else found[0],
    ),
    Trace(
        "links",
        (".",),
        re.compile(
            rf"(?<![\w.@＠-])(?:[\w-]{{1,63}}\.)+(?:{_TLD}(?![\w-])(?:[:/?#](?:\S*{_LAST})?)?|[a-z]{{2,24}}/\S*{_LAST})",
            re.IGNORECASE,
        ),
        LINK,
    ),
    Trace(
        "secrets",
        ("pass", "kennwort", "pw", "secret", "token", "key", "credential", "auth", "pin", "otp", "2fa", *_NAMED),
        re.compile(
            rf"(?P<named>(?:(?:(?<!\w)(?:{_PASSWORD})|{'|'.join(_NAMED)})s?\s{{0,3}}"
            r"(?P<sign>[:=：]|->|=>|is|are|was|ist|lautet|es|est)\s{0,3})+)"
            r"(?P<value>[^\s]{3,})",
            re.IGNORECASE,
        ),
        _value,
    ),
    Trace(
        "secrets",
        ("bearer", "basic", "token"),
        re.compile(r"\b(?:Bearer|Basic|Token)\s+[\w+/=.~-]{8,}", re.IGNORECASE),
        SECRET,
    ),
    Trace("secrets", (), re.compile(rf"(?<![A-Za-z0-9]){_PREFIXES}[\w+/=.-]{{12,}}"), SECRET),
    Trace("secrets", ("0",), re.compile(r"(?<!\d)\d{6,12}:[\w-]{30,}"), SECRET),  # of a bot on Telegram
    Trace(
        "ids", ("-",), re.compile(r"(?<![0-9a-f])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-f])", re.I), NUMBER
    ),
    Trace("secrets", (), re.compile(rf"(?<![\w+/=.~-])[A-Za-z0-9_+/=.~-]{{{LONG},}}"), _key),
    Trace("mentions", ("@", "＠"), re.compile(r"[@＠]\w(?:[\w.:-]*\w)?"), MENTION),
    Trace("mentions", ("#",), re.compile(r"(?<![\w.])[\w.]{2,32}#\d{4}(?!\d)"), MENTION),  # as Discord's names were
    Trace("ids", ("0",), re.compile(r"(?<![0-9a-z])(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{16,}(?![0-9a-z])", re.I), NUMBER),
    Trace("ids", (":", "-"), re.compile(r"(?<![0-9a-f])(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}(?![0-9a-f])", re.I), NUMBER),
    Trace(
        "ids",
        (":",),
        re.compile(r"(?<![\w:])(?:[0-9a-f]{1,4}:){3,7}(?::|[0-9a-f]{1,4})(?:[0-9a-f:]*)(?![\w:])", re.I),
        NUMBER,
    ),
    Trace(
        "ids",
        ("::",),
        re.compile(r"(?<![\w:])(?:[0-9a-f]{1,4}:)*[0-9a-f]{1,4}::(?:[0-9a-f]{1,4}:?)*(?![\w:])", re.I),
        NUMBER,
    ),
    Trace("ids", ("0",), re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.]*\d)"), NUMBER),
    Trace(
        "ids",
        ("0",),
        re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?!\w)"),  # an account's, ISO 13616
        NUMBER,
    ),
    Trace("ids", ("0",), re.compile(rf"(?<!\d)(?<!\d[.,])\d{{{DIGITS + 7},}}(?!\d)"), NUMBER),  # what no telephone has
    Trace("phones", ("0",), re.compile(rf"[+＋]?\(?\d(?:{_BETWEEN}\d){{{DIGITS - 1},}}"), _number),
)
IN_FILES: Final = frozenset({"secrets", "emails", "phones"})  # of a book its names and links are no secret
