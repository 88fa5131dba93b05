"""GPT-2: written with torch alone, by a step of our own over weights read straight from safetensors."""

from generators.gpt2.loading import load, read_info

__all__ = ["load", "read_info"]
