"""What is learnt of what people say: without commands, repetitions and traces of people, and as documents."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple

from bot.corpora.anonymous import Anonymiser
from bot.corpora.conversations import Conversations, Line
from bot.corpora.traces import IN_FILES, STAND_INS
from generators.training import Document
from generators.training.filters import FILTERS, Tally, cleaned
from generators.training.rules import symbols
from storage.posts import Post

CHAT: Final = "chat"
TEXT: Final = "text"
FIRST: Final = ("nfc", "control", "spaces")  # before anything is searched for: nothing hides in another spelling
OF_FILES: Final = ("nfc", "control", "duplicates")
DRAWN: Final = 200  # characters; a longer message of which half are symbols is a picture, and no text
SYMBOLS: Final = "0.5"
WORDS: Final = 8  # of a message that is learnt once only: shorter ones are how people speak, longer ones are pasted
_COMMAND: Final = re.compile(
    r"[/!$%?.;]{1,2}[A-Za-z][\w-]+(?:@\w+)?(?:\s|$)"
)  # of this bot, and of others in the channel


class Made(NamedTuple):
    """A document, and the kind of text that it is: `chat`, `text` or `story`."""

    kind: str
    text: str


class Cleaning:
    """Posts of one place in the order in which they were written, on their way to documents.

    Attributes:
        removed: how many posts or documents were left out, by reason.
    """

    def __init__(self) -> None:
        self.removed: Counter[str] = Counter()
        self._anonymiser = Anonymiser()
        self._of_files = Anonymiser(kinds=IN_FILES)
        self._first = [FILTERS[name]() for name in FIRST]
        self._drawn = symbols(SYMBOLS, "symbols")
        self._said = FILTERS["duplicates"]()
        self._made = FILTERS["duplicates"]()
        self._conversations = Conversations()

    @property
    def replaced(self) -> Counter[str]:
        """How many traces of people were replaced, by kind."""
        return self._anonymiser.replaced + self._of_files.replaced

    def know(self, name: str) -> None:
        """Takes a name for one from now on."""
        self._anonymiser.know(name)

    def post(self, post: Post) -> Iterator[Made]:
        """Takes a post, and gives the documents that are done by then."""
        text = self._text(post)
        if not text:
            return
        if post.kind == CHAT:
            for document in self._conversations.add(Line(post.message, post.at, text, post.reply_to)):
                yield from self._once(CHAT, document)
        else:
            yield from self._once(post.kind, text)

    def end(self) -> Iterator[Made]:
        """The documents that are left when there are no posts any more."""
        for document in self._conversations.end():
            yield from self._once(CHAT, document)

    def file(self, documents: Iterator[Document]) -> Iterator[Made]:
        """The documents of a file: who is in a book stays there, but no address, number or secret does."""
        tally = Tally()
        for document in cleaned(documents, OF_FILES, tally):
            yield from self._once(TEXT, self._of_files.anonymous(document.text))
        self.removed.update(tally.removed)

    def _text(self, post: Post) -> str | None:
        """What is learnt of a post; None where nothing is."""
        text = post.text
        for apply in self._first:
            text = "".join(apply(Document(text)))
        refused = self._refused(post, text)
        if refused is None:
            text = self._anonymiser.anonymous(text)
            refused = self._empty_or_repeated(text)
        if refused is None:
            return text
        self.removed[refused] += 1
        return None

    def _refused(self, post: Post, text: str) -> str | None:
        """Why a text is left out, before anything of it is replaced."""
        if post.kind == CHAT and _COMMAND.match(text):
            return "commands"
        if len(text) > DRAWN and not self._drawn(Document(text)):
            return "symbols"
        return None

    def _empty_or_repeated(self, text: str) -> str | None:
        """Why a text is left out in which all is replaced."""
        if not any(map(str.isalnum, STAND_INS.sub("", text))) and not _is_short_sign(text):
            return "empty"
        if len(text.split()) >= WORDS and not self._said(Document(text)):
            return "duplicates"
        return None

    def _once(self, kind: str, text: str) -> Iterator[Made]:
        if self._made(Document(text)):
            yield Made(kind, text)
        else:
            self.removed["duplicates"] += 1


def _is_short_sign(text: str) -> bool:
    """Whether a text without letters says something all the same, such as «?!» or «😂»."""
    return bool(text.strip()) and STAND_INS.search(text) is None
