"""The host's API over many processes and machines, on Ray Serve.

`ingress.py` runs the application of `generators.host` over a `ClusterGenerator`, whose requests go through handles of
Serve to replicas (`replica.py`), each with all that a host's process has. Ray is imported only where it is used.
"""
