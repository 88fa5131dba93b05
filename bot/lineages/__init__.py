"""The models that channels have made: taken into use, rolled back, put out of use, and kept within their room."""

from bot.lineages.adoption import Adopted, Result, Verdict
from bot.lineages.lineages import Lineages

__all__ = ["Adopted", "Lineages", "Result", "Verdict"]
