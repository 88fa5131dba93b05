"""The models of this machine as an OpenAI-compatible completions API, for bots on other machines."""

from generators.host.app import host_app
from generators.host.serving import serve_host
from generators.host.tuning import Tuning

__all__ = ["Tuning", "host_app", "serve_host"]
