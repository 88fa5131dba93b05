"""The models of this machine as an OpenAI-compatible completions API, for bots on other machines."""

from generators.host.app import host_app
from generators.host.serving import serve_host

__all__ = ["host_app", "serve_host"]
