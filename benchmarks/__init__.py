"""Side-by-side measurements against other projects; never part of the tests."""
