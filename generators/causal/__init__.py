"""Every other causal language model of transformers, by transformers' own code: slower, and in the torch extra."""

from generators.causal.loading import load, read_info

__all__ = ["load", "read_info"]
