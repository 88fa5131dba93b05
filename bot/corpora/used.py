"""What a text was made of, as the gate has to know it to be asked again for as long as it is learnt from."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from bot.consent.gate import Verdict
from bot.consent.ledger import Ledger
from storage.posts import Post


class Used(NamedTuple):
    """A person's posts of one source.

    Attributes:
        person: whose.
        source: of the posts.
        since: when the earliest was said, in ISO 8601: what is allowed for it is allowed for the others.
    """

    person: str
    source: str
    since: str

    @classmethod
    def of(cls, post: Post) -> Used:
        """What is to be known of the earliest one."""
        first = post.at if post.edited is None else min(post.at, post.edited)
        return cls(post.person, post.source, first.isoformat())

    def is_allowed(self, ledger: Ledger) -> bool:
        """Whether they may be used still; what is too old by now was not when it was read."""
        at = datetime.fromisoformat(self.since)
        post = Post(ledger.place, None, self.source, self.person, "", at, "")
        return ledger.verdict(post) in (Verdict.ALLOWED, Verdict.TOO_OLD)
