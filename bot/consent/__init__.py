"""What people allow to be learnt from: the gate, the ledger's desk, and what people are shown and press."""

from bot.consent.desk import Consents
from bot.consent.gate import Rights, Said, Source, Verdict, guild_of, root, verdict
from bot.consent.ledger import IMPORT, Ledger
from bot.consent.records import Change, Given, Standing, Withdrawn

__all__ = [
    "IMPORT",
    "Change",
    "Consents",
    "Given",
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
