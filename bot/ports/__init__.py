"""What the bot needs from the outside, named by role, with the value types that cross the border."""
