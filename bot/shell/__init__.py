"""What `planchette` does in a terminal: one module a command."""
