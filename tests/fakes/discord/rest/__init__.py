"""The REST API: one module for each kind of resource, each handler a function of a Call."""
