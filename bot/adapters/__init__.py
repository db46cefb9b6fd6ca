"""How the bot gets it: one vendor per file, whose errors are translated once."""
