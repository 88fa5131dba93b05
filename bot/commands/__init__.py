"""What people can ask of the bot: a command is a typed function, declared once, in a module of this package."""
