"""What people allow to be learnt from: the gate, the ledger's desk, and what people are shown and press."""

from bot.consent.desk import Change, Consents, Standing, Withdrawn
from bot.consent.gate import Rights, Said, Source, Verdict, guild_of, root, verdict
from bot.consent.ledger import IMPORT, Ledger

__all__ = [
    "IMPORT",
    "Change",
    "Consents",
    "Ledger",
    "Rights",
    "Said",
    "Source",
    "Standing",
    "Verdict",
    "Withdrawn",
    "guild_of",
    "root",
    "verdict",
]
