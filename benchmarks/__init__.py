"""Measurements of what the bot itself costs, as ratios within one run: the machine is never the same twice."""
