"""People ask: commands, forms, decisions and the card, in Slack's words. Nothing is decided or done here."""
