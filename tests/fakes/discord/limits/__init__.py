"""Discord's limits on what a bot sends: each module checks one kind of body and refuses it as Discord would."""
