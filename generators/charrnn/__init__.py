"""Char-RNNs: recurrent models that write a character or a word at a time, trained with torch, written with in NumPy.

- A directory: `loading.py` reads it, by what `shape.py` checks of its config.json and `tokenizer.py` says of ids.
- In NumPy: `writer.py` reads text as a stream, with `inputs.py` (labels) before its layers and `heads.py` behind them;
  `windowed.py` reads windows, with `window_layers.py`. Both take weights as `folding.py` rearranges them, gates from
  `cells.py`, and the last layer from `outputs.py`.
- In torch: `configuration.py` and `modeling.py`, whose parts are `averages.py` (attention) and `adaptive.py` (softmax).
- From textgenrnn: `textgenrnn.py`, with `keras_weights.py`, `textgenrnn_tokenizer.py` and `textgenrnn_card.py`.
"""

from generators.charrnn.loading import load, read_info

__all__ = ["load", "read_info"]
