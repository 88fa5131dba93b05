"""One suite for all platforms: the same people say and press the same things everywhere (see `stage.Stage`)."""
