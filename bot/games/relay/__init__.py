"""Relay: people and a model write a sentence each, in turns, against a clock."""

from bot.games.relay.kind import RELAY
from bot.games.relay.state import MOST, Player, Relay
from bot.games.relay.turns import LONGEST_SENTENCE

__all__ = ["LONGEST_SENTENCE", "MOST", "RELAY", "Player", "Relay"]
