"""Char-RNNs: recurrent models that write a character at a time, trained with torch, written with in NumPy."""

from generators.charrnn.loading import load, read_info

__all__ = ["load", "read_info"]
