"""Side-by-side measurements against other projects; no test makes them."""
