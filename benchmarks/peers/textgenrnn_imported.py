"""textgenrnn 2.0.0 as the peer's own Python imports it: quiet, on one thread of the processor."""

from __future__ import annotations

import os
import sys
import types
from importlib import import_module

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import tensorflow as tf

tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)
# It imports two names that Keras has dropped since, and calls neither.
import_module("tensorflow.keras.utils")
sys.modules["tensorflow.keras.utils"].multi_gpu_model = None
sys.modules["keras.backend.tensorflow_backend"] = types.SimpleNamespace(set_session=None)

from textgenrnn import textgenrnn  # noqa: E402
from textgenrnn.model import textgenrnn_model  # noqa: E402
from textgenrnn.utils import textgenrnn_encode_sequence, textgenrnn_sample  # noqa: E402

WINDOW = 40  # characters that its default model looks at

__all__ = ["WINDOW", "textgenrnn", "textgenrnn_encode_sequence", "textgenrnn_model", "textgenrnn_sample", "tf"]
